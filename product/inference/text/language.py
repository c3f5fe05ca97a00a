"""Which language a text is in, and which expert scores it."""

import re
import unicodedata
from collections.abc import Collection

# A link ends with the last printable ASCII character: Chinese text follows it without a space.
LINK = re.compile(
    r"(?:https?://|www\.)[!-~]+|(?<![a-z0-9@._-])(?:[a-z0-9-]+\.)+(?:com|cn|net|org|io|info|edu|gov)(?![a-z0-9])(?:/[!-~]*)?",
    re.IGNORECASE,
)
# Links, account names and redaction placeholders are in Latin letters, whatever the language of the message.
LANGUAGE_NEUTRAL = re.compile(rf"{LINK.pattern}|@[a-z0-9_]+|\[(?:email|phone|card|iban|id|ip|url)\]", re.IGNORECASE)
HAN = re.compile(r"[\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff]")


def detect_language(text: str) -> str:
    """`zh` if at least a third of the letters are Chinese, else `en` if at least half are Latin, else `und`.

    Detection goes by script only: it decides which expert scores the text, and does not tell English from French.
    Links, account names and placeholders do not count.
    """
    letters = [character for character in LANGUAGE_NEUTRAL.sub(" ", text) if character.isalpha()]
    if not letters:
        return "und"
    han = sum(1 for character in letters if HAN.match(character))
    latin = sum(1 for character in letters if "LATIN" in unicodedata.name(character, ""))
    if 3 * han >= len(letters):
        return "zh"
    return "en" if 2 * latin >= len(letters) else "und"


def expert_for(text: str, experts: Collection[str]) -> str:
    """The language of the expert that scores the text; `experts` are the languages that have one."""
    return expert_for_language(detect_language(text), experts)


def expert_for_language(language: str, experts: Collection[str]) -> str:
    """The language of the expert that scores texts in a detected language.

    Chinese goes to the Chinese expert, everything else to the English one; an only expert scores everything.
    """
    wanted = "zh" if language == "zh" else "en"
    return wanted if wanted in experts else next(iter(experts))
