"""Redaction: personal identifiers become typed placeholders before the model or the disk sees a text.

`data/privacy/README.md` lists what is redacted and what stays; `python -m benchmarks.privacy` measures it.
"""

from product.privacy.identifiers import RULES, Identifier

BLANK = "\ue000"
"""A private-use character: no letter, digit or space to any rule."""
# Full-width forms, and the dashes and spaces of typesetters, as what they stand for: one character for one. Full-width
# commas, colons and full stops of Chinese sentences stay: they end what stands before them.
WIDE = "０１２３４５６７８９＠．－＋（）＿" + "".join(map(chr, (*range(0xFF21, 0xFF3B), *range(0xFF41, 0xFF5B))))
FOLDED = {ord(wide): ord(wide) - 0xFEE0 for wide in WIDE}
FOLDED |= dict.fromkeys((0x00A0, 0x2002, 0x2003, 0x2007, 0x2009, 0x202F, 0x3000), " ")
FOLDED |= dict.fromkeys((0x2010, 0x2011, 0x2012, 0x2013, 0x2014, 0x2212), "-")


def redact_for_storage(text: str) -> str:
    """The text as the disk may keep it. The model reads the same: training and serving agree."""
    return redact(storable(text))


def storable(text: str) -> str:
    """PostgreSQL takes no NUL character; it means nothing in a message."""
    return text.replace("\x00", "\ufffd")


def redact(text: str) -> str:
    """The text with each identifier replaced by its kind in brackets: `[email]`, `[phone]` …

    Redacting again changes nothing: what a placeholder lays bare is looked at as well. This ends, as every identifier
    holds a digit, an @ or a question mark, and a placeholder none.
    """
    while found := find(text):
        text = _replace(text, found)
    return text


def _replace(text: str, found: list[Identifier]) -> str:
    parts, at = [], 0
    for each in found:
        parts += [text[at : each.start], f"[{each.kind}]"]
        at = each.end
    return "".join(parts) + text[at:]


def find(text: str) -> list[Identifier]:
    """The identifiers of a text from left to right, none overlapping. Costs time in proportion to its length."""
    folded, found = text.translate(FOLDED), []
    for kind, pattern, check in RULES:
        spans = [span for match in pattern.finditer(folded) if (span := check(folded, match))]
        for start, end in spans:
            found.append(Identifier(kind, start, end))
        folded = _blanked(folded, spans)
    return sorted(found, key=lambda each: each.start)


def _blanked(text: str, spans: list[tuple[int, int]]) -> str:
    """What is found is out of sight of later rules; the rest keeps its place."""
    parts, at = [], 0
    for start, end in spans:
        parts += [text[at:start], BLANK * (end - start)]
        at = end
    return "".join(parts) + text[at:]
