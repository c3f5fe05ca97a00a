"""Short ways to write who corrected or decided."""

from product.codes import Reason, RunCode
from product.identity import Actor, ActorKind
from product.storage.versions import Activation

BY_COMMAND = Activation([Reason(RunCode.promoted_by_command)], Actor(ActorKind.operator))


def contributor(name: str) -> Actor:
    """Someone behind the API token `crm`."""
    return Actor(ActorKind.token, "crm", name)


def visitor(key: str, name: str = "") -> Actor:
    """Someone without an account. `key` tells their client apart."""
    return Actor(ActorKind.client, key, name)


def lead(name: str) -> Actor:
    return Actor(ActorKind.lead, name=name)
