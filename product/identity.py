"""Who gave a correction or made a decision: kind, key and display name, each a column of its own."""

from dataclasses import dataclass
from enum import StrEnum


class ActorKind(StrEnum):
    """How someone reached the product, and so how far their name can be believed."""

    client = "client"
    """Someone without an account, told apart by a keyed hash of their address (`key`). Any name is theirs to choose."""
    token = "token"
    """Someone behind an API token. `key` is the token's name; the caller vouches for the display name."""
    lead = "lead"
    """Someone in the Review tab. `key` is the client's keyed hash where no name was given."""
    operator = "operator"
    """Someone at the command line."""
    importer = "import"
    """Labels from a file, under the name that the operator gave."""
    product = "product"
    """The product itself: an automatic rule."""
    erased = "erased"
    """Someone whose correction was erased. `key` is the correction's id."""


@dataclass(frozen=True)
class Actor:
    """Someone who corrects or decides. `key` and `name` may be empty; see ActorKind for what they hold."""

    kind: ActorKind
    key: str = ""
    name: str = ""

    @property
    def source(self) -> str:
        """Identity for trust. All names that one client makes up are one source; a vouched name is its own."""
        return f"{self.kind}:{self.key}" if self.kind == ActorKind.client else f"{self.kind}:{self.key}:{self.name}"

    @property
    def handle(self) -> str:
        """How exports and `erase --actor` write this actor. It is shown and compared, never parsed."""
        if self.kind == ActorKind.client:
            return f"{self.key}:{self.name}" if self.name else f"desk:{self.key}"
        if self.kind == ActorKind.token:
            return f"{self.key}:{self.name}"
        if self.kind == ActorKind.lead:
            return f"lead:{self.name or self.key}"
        return self.name or self.key or str(self.kind)

    @property
    def is_person(self) -> bool:
        return self.kind not in (ActorKind.product, ActorKind.erased)


PRODUCT = Actor(ActorKind.product)
