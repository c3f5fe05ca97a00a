"""Kinds of support mail in which the words decide: failures among requests, facts, praise and thanks."""

import re
from collections.abc import Callable

from training.data.generation.composition import CALM, MIXED, OPEN_FAILURE, PRAISE, Parts
from training.data.generation.kinds.drawing import Family

REQUESTS = ("failure_request", "request")
DISPLEASED = ("feeling_negative", "negated_negative")
ALL_CALM = ("fact", "context", "question", "request")
NOT_SO = re.compile(r"\b(?:thought|expected|hoped?|not|never|isn't|aren't|no)\b|n't\b|以为|不是|没|本以|还当|希望|以為")
"""Facts that are negated, or that somebody expected or hoped for."""
LENGTHS = {"300 words": 300, "800 words": 800, "2,000 words": 2000}
PLACES = {"start": "at the start", "middle": "in the middle", "end": "at the end"}
LONG_CASES = 120
CHARACTERS_A_WORD = 1.6
"""Chinese characters that count as one English word."""


def one(*categories: str) -> Callable[[Parts], str]:
    """A single part of one of the categories."""
    return lambda parts: parts(*categories)


def joined(*groups: tuple[str, ...]) -> Callable[[Parts], str]:
    """A part of each group, in this order."""
    return lambda parts: parts.join([parts(*group) for group in groups])


def mail(*groups: tuple[str, ...]) -> Callable[[Parts], str]:
    """A whole mail: greeting, a part of each group, closing."""
    return lambda parts: parts.mail([parts(*group) for group in groups], greeting=1, closing=1)


def families(language: str) -> dict[str, list[Family]]:
    """The capabilities that have as many cases as any other."""
    found = FAMILIES
    if language == "zh":
        found = found | {"code-mixed": _code_mixed()}
    return found


def _code_mixed() -> list[Family]:
    return [
        Family(f"{form}, {name.removeprefix('mixed_')}", name.removeprefix("mixed_"), compose((name,)))
        for form, compose in (("alone", joined), ("in a mail", mail))
        for name in MIXED
    ]


def among_facts(place: str) -> Callable[[Parts], str]:
    """A complaint at the start, in the middle or at the end of three to eight facts."""

    def compose(parts: Parts) -> str:
        complaint = parts(*OPEN_FAILURE, *DISPLEASED, "threat")
        return parts.join(_placed(complaint, parts.several(3, 8, *CALM), place))

    return compose


def _placed(part: str, others: list[str], place: str) -> list[str]:
    position = {"start": 0, "middle": len(others) // 2, "end": len(others)}[place]
    return [*others[:position], part, *others[position:]]


def long_message(place: str, words: int) -> Callable[[Parts], str]:
    """A complaint in a message of about so many words, whose other parts are facts, questions and requests."""

    def compose(parts: Parts) -> str:
        complaint = parts(*OPEN_FAILURE, *DISPLEASED, "threat")
        return parts.join(_placed(complaint, _calm(parts, words), place))

    return compose


def calm_message(words: int) -> Callable[[Parts], str]:
    return lambda parts: parts.join(_calm(parts, words))


def _calm(parts: Parts, words: int) -> list[str]:
    """Different neutral parts of about so many words together, in random order."""
    left = [text for name in ALL_CALM for text in parts.lists[name]] + parts.lists["loaded_fact"]
    chosen: list[str] = []
    while words > 0 and left:
        chosen.append(left.pop(int(parts.generator.random() * len(left))))
        words -= round(len(chosen[-1]) / CHARACTERS_A_WORD) if parts.chinese else len(chosen[-1].split())
    return chosen


def fact_like(negated: bool, *others: tuple[str, ...]) -> Callable[[Parts], str]:
    """A fact whose words are nice or nasty, negated or hoped for or not, before a part of each other group."""

    def compose(parts: Parts) -> str:
        facts = [text for text in parts.lists["loaded_fact"] if bool(NOT_SO.search(text)) == negated]
        fact = facts[int(parts.generator.random() * len(facts))]
        return parts.join([fact, *(parts(*group) for group in others)])

    return compose


FAMILIES: dict[str, list[Family]] = {
    "failure-with-request": [
        Family("failure, then request", "negative", joined(OPEN_FAILURE, REQUESTS)),
        Family("request, then failure", "negative", joined(REQUESTS, OPEN_FAILURE)),
        Family("whole mail, failure first", "negative", mail(OPEN_FAILURE, REQUESTS)),
        Family("whole mail, request first", "negative", mail(REQUESTS, OPEN_FAILURE)),
        Family("fact, failure, request", "negative", joined(CALM, OPEN_FAILURE, REQUESTS)),
    ],
    "not-received": [
        Family("alone", "negative", one("not_received")),
        Family("with a request", "negative", joined(("not_received",), REQUESTS)),
        Family("after facts", "negative", joined(CALM, ("not_received",))),
        Family("whole mail", "negative", mail(("not_received",), ("request", "question"))),
    ],
    "threat-or-demand": [
        Family("alone", "negative", one("threat")),
        Family("after facts", "negative", joined(CALM, ("threat",))),
        Family("before facts", "negative", joined(("threat",), ("context",))),
        Family("after a failure", "negative", joined(OPEN_FAILURE, ("threat",))),
        Family("whole mail", "negative", mail(("context",), ("threat",))),
    ],
    "furious-then-polite": [
        Family("two polite parts", "negative", joined(DISPLEASED, ("context",), ("request",))),
        Family("thanks as a formula", "negative", joined(DISPLEASED, ("request",), ("thanks_formula",))),
        Family("data and closing", "negative", joined(DISPLEASED, ("fact",), ("context",), ("closing",))),
        Family("whole mail", "negative", mail(DISPLEASED, ("context",), ("request",))),
    ],
    "complaint-among-facts": [
        Family(f"complaint {name}", "negative", among_facts(place)) for place, name in PLACES.items()
    ],
    "praise-then-failure": [
        Family("one part", "negative", one("praise_then_failure")),
        Family("praise, then failure", "negative", joined(("feeling_positive", "negated_positive"), OPEN_FAILURE)),
        Family("with a request", "negative", joined(("praise_then_failure",), REQUESTS)),
        Family("whole mail", "negative", mail(("praise_then_failure",))),
    ],
    "sarcasm": [
        Family("alone", "negative", one("sarcasm")),
        Family("after a fact", "negative", joined(CALM, ("sarcasm",))),
        Family("before business", "negative", joined(("sarcasm",), ("context",))),
    ],
    "negation-and-idiom": [
        Family("displeased", "negative", one("negated_negative")),
        Family("pleased", "positive", one("negated_positive")),
        Family("displeased, after a fact", "negative", joined(CALM, ("negated_negative",))),
        Family("pleased, after a fact", "positive", joined(CALM, ("negated_positive",))),
    ],
    "then-and-now": [
        Family("worse than before", "negative", one("good_then_bad")),
        Family("better than before", "positive", one("better_now")),
        Family("worse, with a request", "negative", joined(("good_then_bad",), ("request",))),
        Family("better, with a request", "positive", joined(("better_now",), ("request",))),
    ],
    "lukewarm-and-mild": [
        Family("lukewarm", "neutral", one("lukewarm")),
        Family("mild criticism", "negative", one("mild_criticism")),
        Family("lukewarm, with a question", "neutral", joined(("lukewarm",), ("question",))),
        Family("mild criticism, after a fact", "negative", joined(("fact",), ("mild_criticism",))),
    ],
    "plain-facts": [
        Family("one fact", "neutral", one("fact", "context")),
        Family("several facts", "neutral", lambda parts: parts.join(parts.several(3, 6, "fact", "context"))),
        Family("whole mail", "neutral", mail(("fact",), ("context",), ("fact",))),
    ],
    "names-and-products": [
        Family("alone", "neutral", fact_like(False)),
        Family("with a question", "neutral", fact_like(False, ("question", "request"))),
        Family("with a fact", "neutral", fact_like(False, ("fact",))),
    ],
    "negated-or-hoped-for": [
        Family("alone", "neutral", fact_like(True)),
        Family("with a question", "neutral", fact_like(True, ("question", "request"))),
        Family("with a fact", "neutral", fact_like(True, ("fact",))),
    ],
    "own-doing": [
        Family("alone", "neutral", one("own_doing")),
        Family("with a request", "neutral", joined(("own_doing",), ("request",))),
        Family("after a fact", "neutral", joined(("fact",), ("own_doing",))),
        Family("whole mail", "neutral", mail(("own_doing",))),
    ],
    "business": [
        Family("request", "neutral", one("request")),
        Family("question", "neutral", one("question")),
        Family("wish", "neutral", one("wish")),
        Family("solved, or acknowledged", "neutral", one("solved", "ack")),
        Family("somebody else's opinion", "neutral", one("other_opinion")),
        Family("whole mail", "neutral", mail(("context",), ("request", "question"))),
    ],
    "thanks": [
        Family("formula after a request", "neutral", joined(("request", "question"), ("thanks_formula",))),
        Family("formula after a failure", "negative", joined(OPEN_FAILURE, ("thanks_formula",))),
        Family("for a deed", "positive", one("thanks_done")),
        Family("for a deed, after a fact", "positive", joined(("fact",), ("thanks_done",))),
        Family("praise, then a question", "positive", joined(PRAISE, ("question",))),
    ],
}
LONG: dict[str, list[Family]] = {
    "complaint-in-long-message": [
        Family(f"{length}, complaint {name}", "negative", long_message(place, words))
        for length, words in LENGTHS.items()
        for place, name in PLACES.items()
    ],
    "long-calm-message": [
        Family(length, "neutral", calm_message(words)) for length, words in LENGTHS.items() if words < 1000
    ],
}
"""Capabilities with LONG_CASES cases, which take a model much longer to read."""
