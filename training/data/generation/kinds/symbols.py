"""Kinds of support mail in which a symbol decides: emoji, emoticons, kaomoji and ratings, alone and beside words."""

from collections.abc import Callable, Sequence

from training.data.generation.composition import OPEN_FAILURE, PRAISE, Parts
from training.data.generation.kinds.drawing import Family, forms

FLAT = ("fact", "context")
DISPLEASED = (*OPEN_FAILURE, "feeling_negative")

WORDS = {"negative": DISPLEASED, "neutral": ("lukewarm",), "positive": PRAISE}


def one(symbols: Sequence[str]) -> Callable[[Parts], str]:
    return lambda parts: _choose(parts, symbols)


def two(symbols: Sequence[str]) -> Callable[[Parts], str]:
    """Two different symbols, the second sometimes twice."""

    def compose(parts: Parts) -> str:
        first = _choose(parts, symbols)
        second = _choose(parts, [symbol for symbol in symbols if symbol != first])
        return first + second * (1 + int(parts.generator.random() * 2))

    return compose


def beside(symbols: Sequence[str], *categories: str) -> Callable[[Parts], str]:
    """A part with a symbol after it, one to three times."""
    return lambda parts: f"{parts(*categories)} {_choose(parts, symbols) * _times(parts)}"


def beside_once(symbols: Sequence[str], *categories: str) -> Callable[[Parts], str]:
    return lambda parts: f"{parts(*categories)} {_choose(parts, symbols)}"


def rated(ratings: Sequence[str], *categories: str) -> Callable[[Parts], str]:
    """A rating before or after a part."""
    return lambda parts: parts.join(parts.insert(_choose(parts, ratings), [parts(*categories)]))


def families(language: str) -> dict[str, list[Family]]:
    return {
        "emoji-meaning": _emoji(forms()["emoji"]),
        "emoticons": _emoticons(forms()["emoticons"]),
        "ratings": _ratings(forms()["ratings_alone"][language], forms()["ratings_beside"][language]),
    }


def _emoji(emoji: dict[str, list[str]]) -> list[Family]:
    """Alone, two of them stand together: training has single ones."""
    angry, sad, happy, polite = (emoji[name] for name in ("angry", "sad", "happy", "polite"))
    return [
        Family("angry, alone", "negative", two(angry)),
        Family("sad, alone", "negative", two(sad)),
        Family("happy, alone", "positive", two(happy)),
        Family("thumb or hand, alone", "neutral", one(emoji["fine"])),
        Family("angry, beside a fact", "negative", beside(angry, *FLAT)),
        Family("sad, beside a fact", "negative", beside(sad, *FLAT)),
        Family("happy, beside a fact", "positive", beside(happy, *FLAT)),
        Family("polite, beside a request", "neutral", beside_once(polite, "request", "question")),
        Family("angry or sad, beside a complaint", "negative", beside(angry + sad, *DISPLEASED)),
        Family("polite, beside a complaint", "negative", beside_once(polite, *DISPLEASED)),
        Family("happy, beside praise", "positive", beside(happy, *PRAISE)),
    ]


def _emoticons(marks: dict[str, list[str]]) -> list[Family]:
    angry, sad, happy, smile = (marks[name] for name in ("angry", "sad", "happy", "smile"))
    return [
        Family("angry, alone", "negative", one(angry)),
        Family("sad, alone", "negative", one(sad)),
        Family("happy, alone", "positive", one(happy)),
        Family("angry, beside a fact", "negative", beside_once(angry, *FLAT)),
        Family("sad, beside a fact", "negative", beside_once(sad, *FLAT)),
        Family("happy, beside a fact", "positive", beside_once(happy, *FLAT)),
        Family("smile, beside a request", "neutral", beside_once(smile, "request", "question")),
        Family("sad, beside a complaint", "negative", beside_once(sad, *DISPLEASED)),
        Family("smile, beside a complaint", "negative", beside_once(smile, *DISPLEASED)),
        Family("happy, beside praise", "positive", beside_once(happy, *PRAISE)),
    ]


def _ratings(alone: dict[str, list[str]], others: dict[str, list[str]]) -> list[Family]:
    """Ratings that stand alone are spelled as no training row spells them."""
    names = {"negative": "low", "neutral": "middle", "positive": "high"}
    return [
        *(Family(f"{name}, alone", label, one(alone[label])) for label, name in names.items()),
        *(
            Family(f"{name}, beside words that agree", label, rated(others[label], *WORDS[label]))
            for label, name in names.items()
        ),
        *(
            Family(f"{names[label]}, beside a fact", label, rated(others[label], *FLAT))
            for label in ("negative", "positive")
        ),
    ]


def _choose(parts: Parts, choices: Sequence[str]) -> str:
    return choices[int(parts.generator.random() * len(choices))]


def _times(parts: Parts) -> int:
    """1 to 3, small numbers more often."""
    return 1 + int(3 * parts.generator.random() ** 2)
