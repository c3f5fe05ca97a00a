"""What the customer wrote: the part of a message that is read, and codes for the parts that are left out."""

import re
from collections.abc import Callable
from dataclasses import dataclass

from product.codes import Cut, OmittedPart
from product.message.characters import has_words, visible
from product.message.closings import without_signature
from product.message.code_blocks import without_code
from product.message.markup import looks_like_html, plain_text
from product.message.notices import without_notices
from product.message.quotes import without_quotes
from product.message.transcripts import customer_turns

STAGES: tuple[Callable[[str], Cut], ...] = (
    without_quotes,
    without_notices,
    customer_turns,
    without_signature,
    without_code,
)
"""In this order: a thread has signatures of its own, and notices stand below signatures."""
ROUNDS = 6
"""Removing one wrapping can reveal another. Real messages need two rounds at most."""
LINE_ENDS = re.compile("\r\n?|[\u2028\u2029\x85\x0b\x0c]")
BLANK_LINES = re.compile(r"\n[ \t]*(?:\n[ \t]*){2,}")


@dataclass(frozen=True)
class CustomerText:
    """The customer's own words, and what was left out, in the order of OmittedPart."""

    text: str
    omitted: tuple[str, ...] = ()


def customer_text(raw: str) -> CustomerText:
    """The words that the customer wrote. Doing it again changes nothing. Takes time linear in the length.

    Invisible characters and HTML markup always go; a message without other wrapping stays as it was typed. If nothing
    else would be left, all the text is read, and nothing is reported as omitted. The text is never empty unless `raw`
    has no visible character.
    """
    typed = visible(raw)
    text = whole = LINE_ENDS.sub("\n", typed)
    left, omitted = _shortened(text)
    if not has_words(left):
        # All of it is marked up as quoted, so this is what the customer sends.
        text = _without_markup(text)
        left, omitted = _shortened(text)
    if not has_words(left):
        left, omitted = text, set()
    if left == whole:
        return CustomerText(typed)
    return CustomerText(left, tuple(part.value for part in OmittedPart if part in omitted))


def _shortened(text: str) -> Cut:
    omitted = set[OmittedPart]()
    for _ in range(ROUNDS):
        shorter, parts = _once(text)
        if shorter == text:
            break
        text = shorter
        omitted |= parts
    return text, omitted


def _once(text: str) -> Cut:
    omitted = set[OmittedPart]()
    if looks_like_html(text):
        left, omitted = plain_text(text)
        text = visible(left)
    for stage in STAGES:
        left, parts = stage(text)
        if left != text and has_words(left):
            text = _without_empty_ends(BLANK_LINES.sub("\n\n", left)) if parts else left.strip()
            omitted |= parts
    return text, omitted


def _without_empty_ends(text: str) -> str:
    """Without the rules and bars that stood around what was left out."""
    lines = text.split("\n")
    spoken = [index for index, line in enumerate(lines) if has_words(line)]
    return "\n".join(lines[spoken[0] : spoken[-1] + 1]).strip()


def _without_markup(text: str) -> str:
    """All of the text without markup, quoted parts included."""
    for _ in range(ROUNDS):
        plain = visible(plain_text(text, quotes=True)[0]) if looks_like_html(text) else text
        if plain == text or not has_words(plain):
            break
        text = plain
    return text
