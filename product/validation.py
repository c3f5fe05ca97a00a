"""Checks of input from people and programs. Every error names the field and what is allowed."""

from product.identity import Actor
from product.message.characters import visible
from product.sentiment import LABELS, MAX_CHARACTERS, MAX_TEXTS, InvalidInput

MAX_ACTOR = 128
"""Characters in the name of an actor."""
MAX_COMMENT = 2_000
"""Characters in a comment."""


def check_reviewer(by: Actor, note: str) -> None:
    """Raises InvalidInput if the reviewer has neither name nor key, or if their name or `note` is too long."""
    check_actor("who", by)
    check_length("why", note, MAX_COMMENT)


def check_actor(field: str, actor: Actor) -> None:
    """Raises InvalidInput naming `field` if the name is too long or blank, or if there is neither name nor key."""
    check_length(field, actor.name, MAX_ACTOR)
    if not actor.name.strip() and (actor.name or not actor.key):
        raise InvalidInput(f"{field}: must not be empty.")


def check_label(label: object, field: str = "label") -> str:
    """The label, one of LABELS. Raises InvalidInput naming `field` for anything else."""
    if not isinstance(label, str) or label not in LABELS:
        raise InvalidInput(f"{field}: must be one of {', '.join(LABELS)}.")
    return label


def check_length(field: str, value: str, limit: int) -> None:
    """Raises InvalidInput naming `field` for over `limit` characters, and for text that is not valid Unicode."""
    if len(value) > limit:
        raise InvalidInput(f"{field}: at most {limit:,} characters, this has {len(value):,}.")
    try:
        value.encode()
    except UnicodeEncodeError:
        raise InvalidInput(f"{field}: must be valid Unicode, this has half of a surrogate pair.") from None


def check_texts(texts: list[str]) -> None:
    """Raises InvalidInput naming the first invalid text, counted from 0, and what is allowed."""
    if not 1 <= len(texts) <= MAX_TEXTS:
        raise InvalidInput(f"texts: 1 to {MAX_TEXTS} texts, this has {len(texts):,}.")
    for index, text in enumerate(texts):
        check_text(f"texts[{index}]", text)


def check_text(field: str, text: object) -> str:
    """The text. Raises InvalidInput naming `field` unless it is a string of 1 to MAX_CHARACTERS and not blank."""
    if not isinstance(text, str):
        raise InvalidInput(f"{field}: must be a text.")
    check_length(field, text, MAX_CHARACTERS)
    if not visible(text).strip():
        raise InvalidInput(f"{field}: 1 to {MAX_CHARACTERS:,} characters, not only white space.")
    return text
