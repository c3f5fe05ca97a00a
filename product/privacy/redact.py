"""Redaction: personal identifiers become typed placeholders before the model or the disk sees a text.

`data/privacy/README.md` lists what is redacted and what stays; `python -m benchmarks.privacy` measures it.
"""

from product.message.characters import visible
from product.privacy.identifiers import RULES, Identifier

BLANK = "\ue000"
"""Replaces identifiers that an earlier rule has found: a private-use character, not a letter, digit or space."""
FULL_WIDTH = "０１２３４５６７８９＠．－＋（）＿" + "".join(map(chr, (*range(0xFF21, 0xFF3B), *range(0xFF41, 0xFF5B))))
FOLDED: dict[int, int | str] = {ord(character): ord(character) - 0xFEE0 for character in FULL_WIDTH}
"""Full-width forms and typographic dashes and spaces, mapped to ASCII one character to one.

Full-width commas, colons and full stops of Chinese sentences stay, because they end an identifier.
"""
FOLDED |= dict.fromkeys((0x00A0, 0x2002, 0x2003, 0x2007, 0x2009, 0x202F, 0x3000), " ")
FOLDED |= dict.fromkeys((0x2010, 0x2011, 0x2012, 0x2013, 0x2014, 0x2212), "-")


def redact_for_storage(text: str) -> str:
    """The text as it may be stored. The model gets the same text, so that training and serving agree."""
    return redact(storable(visible(text)))


def storable(text: str) -> str:
    """The text without NUL characters, which PostgreSQL cannot store."""
    return text.replace("\x00", "\ufffd")


def redact(text: str) -> str:
    """The text with each identifier replaced by its kind in brackets: `[email]`, `[phone]` …

    Redacting again changes nothing: the search is repeated until it finds nothing more. This terminates because every
    identifier contains a digit, an @ or a question mark, and no placeholder does.
    """
    while found := find(text):
        text = _replace(text, found)
    return text


def _replace(text: str, found: list[Identifier]) -> str:
    parts: list[str] = []
    position = 0
    for identifier in found:
        parts += [text[position : identifier.start], f"[{identifier.kind}]"]
        position = identifier.end
    return "".join(parts) + text[position:]


def find(text: str) -> list[Identifier]:
    """The identifiers in a text from left to right, without overlaps. Takes time linear in the length of the text."""
    folded = text.translate(FOLDED)
    found: list[Identifier] = []
    for kind, pattern, check in RULES:
        spans = [span for match in pattern.finditer(folded) if (span := check(folded, match))]
        for start, end in spans:
            found.append(Identifier(kind, start, end))
        folded = _blanked(folded, spans)
    return sorted(found, key=lambda identifier: identifier.start)


def _blanked(text: str, spans: list[tuple[int, int]]) -> str:
    """The text with the spans blanked, so that later rules do not match them. Positions do not change."""
    parts: list[str] = []
    position = 0
    for start, end in spans:
        parts += [text[position:start], BLANK * (end - start)]
        position = end
    return "".join(parts) + text[position:]
