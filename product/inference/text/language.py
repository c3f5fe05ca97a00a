"""Which language a text is in, which expert scores it, and whether that expert has learned to read it."""

import re
import unicodedata
from collections.abc import Collection

from product.inference.text.identification import identify_latin, identify_other
from product.inference.text.mixture import english_frames

# A link ends with the last printable ASCII character: Chinese text follows it without a space.
LINK = re.compile(
    r"(?:https?://|www\.)[!-~]+|(?<![a-z0-9@._-])(?:[a-z0-9-]+\.)+(?:com|cn|net|org|io|info|edu|gov)(?![a-z0-9])(?:/[!-~]*)?",
    re.IGNORECASE,
)
# Links, account names and redaction placeholders are in Latin letters, whatever the language of the message.
LANGUAGE_NEUTRAL = re.compile(rf"{LINK.pattern}|@[a-z0-9_]+|\[(?:email|phone|card|iban|id|ip|url)\]", re.IGNORECASE)
HAN = re.compile(r"[\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff]")
LATIN = re.compile(r"[a-zªºß-öø-ÿĀ-ɏḀ-ỿ]", re.IGNORECASE)
HANGUL = re.compile(r"[\u1100-\u11ff\u3130-\u318f\uac00-\ud7af]")
# Without の and ー, which Chinese messages use too.
HIRAGANA = re.compile(r"[\u3041-\u306d\u306f-\u3096]")
KATAKANA = re.compile(r"[\u30a1-\u30fa\uff66-\uff9d]")
KANA = re.compile(r"[\u3041-\u3096\u30a1-\u30fa\uff66-\uff9d]")
# Two letters in a row: the single ones in other scripts are parts of faces, as in ಠ_ಠ and (´・ω・`).
# In scripts of South and South-East Asia, vowel signs are no letters but join the letters of a word.
PAIR = re.compile(r"[^\W\d_\uff9e\uff9f]{2}|[\u0900-\u0dff\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff]{2}")
LETTERS = re.compile(r"[^\W\d_]+")
# What customers copy in Latin letters whatever their language: markup, tags, model codes, spellings like iPhone.
COPIED = re.compile(
    r"</?[a-z][^<>]*>|&(?:[a-z]{2,8}|#\d{1,6});|#[a-z0-9_]+"
    r"|(?<![A-Za-z0-9])[A-Za-z]*\d[A-Za-z0-9]*"
    r"|(?<![A-Za-z])[A-Za-z]*[a-z][A-Z][A-Za-z]*"
)
MAX_READ = 10_000
"""Characters: compatibility characters may become eighteen each."""


def detect_language(text: str) -> str:
    """The ISO 639-1 code of the language that the customer writes, or `und` if there are no words or it is unknown.

    Han characters are Chinese unless kana or hangul show another language, or English grammar frames them. Latin
    letters are English unless another language is clearly more likely. Links, account names, placeholders and what
    customers copy (markup, tags, model codes) do not count, unless there is nothing else.
    """
    text = text if text.isascii() else unicodedata.normalize("NFKC", text)[:MAX_READ]
    plain = LANGUAGE_NEUTRAL.sub(" ", text)
    own = COPIED.sub(" ", plain)
    own = (own if LETTERS.search(own) else plain).lower()
    if own.isascii():
        return identify_latin(own) if LETTERS.search(own) else "und"
    return _east_asian(own) or _alphabetic(own)


def _east_asian(text: str) -> str:
    """`zh`, `ja`, `ko` or, for English with Chinese words, `en`; empty if another script prevails."""
    han, hangul, kana = (len(pattern.findall(text)) for pattern in (HAN, HANGUL, KANA))
    latin = len(LATIN.findall(text))
    if hangul > han + kana and 2 * hangul >= latin:
        return "ko"
    if _is_japanese(text, han, kana) and 2 * (han + kana) >= latin:
        return "ja"
    if not han or sum(map(len, LETTERS.findall(text))) - latin - kana - hangul > 2 * han:
        return ""
    return "en" if english_frames(text, han) else "zh"


def _is_japanese(text: str, han: int, kana: int) -> bool:
    """Whether the kana are words: hiragana beside Han characters, or katakana that outnumber them."""
    hiragana, katakana = len(HIRAGANA.findall(text)), len(KATAKANA.findall(text))
    if not han:
        return kana >= 2 and bool(PAIR.search(text)) and hiragana + katakana > 0
    return 6 * hiragana >= han or katakana > 2 * han


def _alphabetic(text: str) -> str:
    """The language of a text without East Asian words, by the script of most of its letters."""
    other = LATIN.sub(" ", text)
    letters, latin = sum(map(len, LETTERS.findall(other))), len(LATIN.findall(text))
    if letters > latin and PAIR.search(other):
        return identify_other(other)
    return identify_latin(text) if latin else "und"


def supports(experts: Collection[str], text: str, language: str) -> bool:
    """Whether an expert has learned to read the text, which is in this language; `experts` have one each.

    A text without words counts: an emoji or a rating can be read.
    """
    return language in experts or (language == "und" and not PAIR.search(LANGUAGE_NEUTRAL.sub(" ", text)))


def expert_for(text: str, experts: Collection[str]) -> str:
    """The language of the expert that scores the text; `experts` are the languages that have one."""
    return expert_for_language(detect_language(text), experts)


def expert_for_language(language: str, experts: Collection[str]) -> str:
    """The language of the expert that scores texts in a detected language.

    Chinese goes to the Chinese expert, everything else to the English one; an only expert scores everything.
    """
    wanted = "zh" if language == "zh" else "en"
    return wanted if wanted in experts else next(iter(experts))
