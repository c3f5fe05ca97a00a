"""Quoted threads and forwarded mails in plain text, in the forms and languages of common mail programs."""

import re

from product.codes import Cut, OmittedPart
from product.message.characters import has_words
from product.message.headers import (
    INLINE_SEPARATOR,
    attribution_length,
    header_block_length,
    inline_attributions,
    inline_header,
    separator,
    subject_of,
)

QUOTED_LINE = re.compile(r"[ \t]*(?:[>＞][ \t]*)+")
# ">.<", ">:(" and ">5 days" are what somebody wrote, not quotation marks.
NOT_QUOTED = re.compile(r"[ \t]*[>＞]+[.:;_=<3^\-oO0-9%]")
DEVICE_LINE = re.compile(r"(?:sent from my|get outlook for|发自我的|發自我的|从我的|傳送自)", re.IGNORECASE)


def without_quotes(text: str) -> Cut:
    """The text without quoted and forwarded mails, and which of them there were.

    A mail that is quoted without a mark ends the message: everything below it is older. Of a message that begins with
    a forwarded mail only the heading goes, because the mail is what the customer wants read.
    """
    if not _may_quote(text):
        return text, set()
    text, parts = _cut_inline_header(_on_lines_of_their_own(text))
    lines, omitted = text.split("\n"), parts
    kept: list[str] = []
    position = 0
    while position < len(lines):
        length, part = _quote_at(lines, position)
        if part is None:
            position += _keep(lines, position, kept, omitted)
        elif _is_quoted(_next_line(lines, position + length)):
            omitted.add(part)
            position += length
        elif _has_own_words(kept):
            omitted.add(part)
            break
        else:
            kept += subject_of(lines[position : position + length])
            position += length
    return "\n".join(kept), omitted


def _may_quote(text: str) -> bool:
    """A quick check that spares ordinary messages the search."""
    return (
        ("\n" in text or "wrote:" in text or "--" in text or "写道" in text or "寫道" in text or "Subject:" in text)
        or ("主题" in text and "发件人" in text)
        or text.startswith((">", "＞"))
    )


def _on_lines_of_their_own(text: str) -> str:
    """Threads lose their line ends in exports: headings inside a line are put on lines of their own."""
    text = INLINE_SEPARATOR.sub(lambda match: f"\n{match.group().strip()}\n", text) if "--" in text else text
    return inline_attributions(text)


def _cut_inline_header(text: str) -> Cut:
    start = inline_header(text)
    if start is not None and has_words(text[:start]):
        return text[:start], {OmittedPart.quoted_reply}
    return text, set()


def _quote_at(lines: list[str], position: int) -> tuple[int, OmittedPart | None]:
    """How many lines the heading of a quoted mail takes here, and what it introduces; (0, None) if there is none."""
    part = separator(lines[position])
    if part:
        following = position + 1
        while following < len(lines) and not lines[following].strip():
            following += 1
        inner = header_block_length(lines, following) or attribution_length(lines, following)
        return (following + inner if inner else position + 1) - position, part
    length = attribution_length(lines, position) or header_block_length(lines, position)
    return (length, OmittedPart.quoted_reply) if length else (0, None)


def _keep(lines: list[str], position: int, kept: list[str], omitted: set[OmittedPart]) -> int:
    """Keep one line unless it is quoted. Returns 1, the number of lines read."""
    if _is_quoted(lines[position]):
        omitted.add(OmittedPart.quoted_reply)
    else:
        kept.append(lines[position])
    return 1


def _is_quoted(line: str) -> bool:
    return QUOTED_LINE.match(line) is not None and not NOT_QUOTED.match(line)


def _next_line(lines: list[str], position: int) -> str:
    return next((line for line in lines[position : position + 5] if line.strip()), "")


def _has_own_words(lines: list[str]) -> bool:
    return any(has_words(line) and not DEVICE_LINE.match(line.strip()) for line in lines)
