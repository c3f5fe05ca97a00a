"""Redaction: personal identifiers become typed placeholders before the model or the disk sees a text.

`data/privacy/README.md` lists what is redacted and what stays; `python -m benchmarks.privacy` measures it.
"""

from product.message.characters import visible
from product.privacy.fold import folded
from product.privacy.identifiers import RULES, Identifier
from product.privacy.words import PHONE_BLANK

BLANK = "\ue000"
"""Replaces identifiers that have been found: a private-use character, not a letter, digit or space."""
BLANKS = {"phone": PHONE_BLANK}


def redact_for_storage(text: str) -> str:
    """The text as it may be stored. The model gets the same text, so that training and serving agree."""
    return redact(storable(text))


def storable(text: str) -> str:
    """The text without NUL characters, which PostgreSQL cannot store."""
    return text.replace("\x00", "\ufffd")


def redact(text: str) -> str:
    """The text without invisible characters, with each identifier replaced by its kind: `[email]`, `[phone]` …

    Redacting again changes nothing: the search is repeated until it finds nothing more. This terminates because every
    identifier contains a digit, an @ or a question mark, and no placeholder does.
    """
    text = visible(text)
    while found := find(text):
        text = visible(_replace(text, found))
    return text


def _replace(text: str, found: list[Identifier]) -> str:
    parts: list[str] = []
    position = 0
    for identifier in found:
        parts += [text[position : identifier.start], f"[{identifier.kind}]"]
        position = identifier.end
    return "".join(parts) + text[position:]


def find(text: str) -> list[Identifier]:
    """The identifiers in a text from left to right, without overlaps. Takes time linear in the length of the text.

    Each one found is blanked at once, so that it neither hides the next one nor is found by a later rule.
    """
    searched = folded(text)
    found: list[Identifier] = []
    for kind, pattern, check in RULES:
        position = 0
        while match := pattern.search(searched, position):
            span = check(searched, match)
            position = span[1] if span else max(match.end(), match.start() + 1)
            if span:
                start, end = span
                found.append(Identifier(kind, start, end))
                searched = searched[:start] + BLANKS.get(kind, BLANK) * (end - start) + searched[end:]
    return sorted(found, key=lambda identifier: identifier.start)
