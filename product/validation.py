"""Checks of what people and programs send. Every error names the field and what is allowed."""

from product.identity import Actor
from product.sentiment import LABELS, MAX_CHARACTERS, MAX_TEXTS, InvalidInput

MAX_ACTOR = 128
"""Characters in an actor as it is stored."""
MAX_COMMENT = 2_000
"""Characters in a comment."""


def check_reviewer(by: Actor, note: str) -> None:
    """Raises InvalidInput for a decision by nobody in particular, and for a reason that is too long."""
    check_actor("who", by)
    check_length("why", note, MAX_COMMENT)


def check_actor(field: str, actor: Actor) -> None:
    """Raises InvalidInput, under the name `field`, for a name that is too long or blank, and for no name and no key."""
    check_length(field, actor.name, MAX_ACTOR)
    if not actor.name.strip() and (actor.name or not actor.key):
        raise InvalidInput(f"{field}: must not be empty.")


def check_label(label: str, field: str = "label") -> None:
    if label not in LABELS:
        raise InvalidInput(f"{field}: must be one of {', '.join(LABELS)}.")


def check_length(field: str, value: str, limit: int) -> None:
    if len(value) > limit:
        raise InvalidInput(f"{field}: at most {limit:,} characters, this has {len(value):,}.")
    try:
        value.encode()
    except UnicodeEncodeError:
        raise InvalidInput(f"{field}: must be valid Unicode, this has half of a surrogate pair.") from None


def check_texts(texts: list[str]) -> None:
    """Raises InvalidInput naming the first text that cannot be read, counted from 0, and what is allowed."""
    if not 1 <= len(texts) <= MAX_TEXTS:
        raise InvalidInput(f"texts: 1 to {MAX_TEXTS} texts, this has {len(texts):,}.")
    for index, text in enumerate(texts):
        check_text(f"texts[{index}]", text)


def check_text(field: str, text: str) -> None:
    """Raises InvalidInput, under the name `field`, for what cannot be read."""
    if not isinstance(text, str):
        raise InvalidInput(f"{field}: must be a text.")
    check_length(field, text, MAX_CHARACTERS)
    if not text.strip():
        raise InvalidInput(f"{field}: 1 to {MAX_CHARACTERS:,} characters, not only white space.")
