"""What a text becomes before it is stored or read by the model."""

from product.privacy.redact import redact


def redact_for_storage(text: str) -> str:
    """The text as the disk may keep it. The model reads the same: training and serving agree."""
    return redact(storable(text))


def storable(text: str) -> str:
    """PostgreSQL takes no NUL character; it means nothing in a message."""
    return text.replace("\x00", "\ufffd")
