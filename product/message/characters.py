"""Which characters of a message count: invisible ones are removed, since they hide words and identifiers."""

import re
import unicodedata

SUSPECT = re.compile(
    "[\u00ad\u034f\u061c\u180e\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufe00-\ufe0f\ufeff\ufff9-\ufffb\U000e0000-\U000e01ef]"
)
# A flag such as Scotland's is a black flag followed by tag characters.
NEVER_SEEN = re.compile(
    "(\U0001f3f4[\U000e0020-\U000e007e]{1,8}\U000e007f)"
    "|[\u00ad\u034f\u061c\u180e\u200b\u200e\u200f\u202a-\u202e\u2060-\u206f\ufe00-\ufe0d\ufeff\ufff9-\ufffb\U000e0000-\U000e01ef]+"
)
VARIATION = re.compile("[\ufe0e\ufe0f]")
JOINER = re.compile("[\u200c\u200d]")
# Scripts in which a joiner changes how a word is written: Arabic and its relatives, Indic scripts, Burmese, Khmer.
JOINED_SCRIPT = re.compile("[\u0600-\u08ff\u0900-\u0dff\u1000-\u109f\u1780-\u18af\ufb50-\ufdff\ufe70-\ufefc]")
KEYCAP = "\u20e3"
"""The frame around the digit of an emoji such as 1️⃣."""
WORDS = re.compile(r"[^\s\-_=*>|~.,·—–＞，。]")


def listed(words: str) -> frozenset[str]:
    """A set of words, written as one text."""
    return frozenset(words.split())


def has_words(text: str) -> bool:
    """Whether there is more than space, lines and dots: a letter, a digit, an emoji, a question mark."""
    return WORDS.search(text) is not None


def visible(text: str) -> str:
    """The text without zero-width, direction and tag characters. Applying it again changes nothing.

    What shapes visible characters stays: joiners and variation selectors inside emoji, and joiners between letters of
    scripts that need them, such as Persian and Hindi.
    """
    if text.isascii() or not SUSPECT.search(text):
        return text
    text = NEVER_SEEN.sub(lambda match: match.group(1) or "", text)
    text = VARIATION.sub(_variation, text)
    return JOINER.sub(_joiner, text)


def _variation(match: re.Match[str]) -> str:
    """The selector if it follows a symbol, or makes a digit a keycap."""
    before, after = _neighbours(match)
    keycap = after == KEYCAP and before in "0123456789#*"
    return match.group() if before and (keycap or _is_symbol(before) or before in "‼⁉〰〽") else ""


def _joiner(match: re.Match[str]) -> str:
    """The joiner if it stands between two emoji, or between two letters of a script that uses it."""
    before, after = _neighbours(match)
    if not before or not after:
        return ""
    emoji = match.group() == "\u200d" and (_is_symbol(before) or before in "\ufe0e\ufe0f") and _is_symbol(after)
    letters = JOINED_SCRIPT.match(before) and JOINED_SCRIPT.match(after)
    return match.group() if emoji or letters else ""


def _neighbours(match: re.Match[str]) -> tuple[str, str]:
    text, start, end = match.string, match.start(), match.end()
    return text[start - 1 : start] if start else "", text[end : end + 1]


def _is_symbol(character: str) -> bool:
    """Whether it is an emoji, an arrow or the like. Skin tones are modifier symbols."""
    return unicodedata.category(character) in ("So", "Sm") or "\U0001f3fb" <= character <= "\U0001f3ff"
