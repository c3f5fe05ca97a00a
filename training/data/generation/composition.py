"""Compose support mail from parts that were written independently; the label follows from the labelling guide.

data/composed/<language>.json has lists of parts by category, such as failures, requests or facts, for training;
data/composed/test-<language>.json has other parts by another hand, for testing. Real mail combines such parts in ways
that single sentences never show a model: a failure with a polite request, a complaint among facts, praise and then
a failure.
"""

import hashlib
import json
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from typing import TypeVar

from training.data.readers import DATA
from training.data.rows import Row

FOLDER = DATA / "composed"
PREFIX = "composed-"
ROWS = {"test": 2400, "validation": 700, "gate": 700, "train": 3000}
"""Rows of each split, always the same ones. A training run can ask for another number."""

NEGATIVE = ("failure", "not_received", "feeling_negative", "threat", "sarcasm", "praise_then_failure", "good_then_bad",
            "negated_negative", "mild_criticism")  # fmt: skip
POSITIVE = ("feeling_positive", "thanks_done", "better_now", "negated_positive")
NEUTRAL = ("fact", "loaded_fact", "context", "question", "request", "failure_request", "own_doing", "solved", "ack",
           "lukewarm", "wish", "other_opinion")  # fmt: skip
OPEN_FAILURE = ("failure", "failure", "failure", "not_received")
CALM = ("fact", "fact", "loaded_fact", "context")
PRAISE = ("feeling_positive", "feeling_positive", "thanks_done", "negated_positive", "better_now")
ANGRY_EMOJI, SAD_EMOJI = "😠😡🤬😤💢👎🙄", "😢😭😞😔😩😫💔"
HAPPY_EMOJI, POLITE_EMOJI = "😍🥰❤💕🎉👏🤩😊💯", "🙂😊🙏👋"
MIXED = ("mixed_negative", "mixed_neutral", "mixed_positive")
T = TypeVar("T")


@dataclass(frozen=True)
class ComposedRow:
    """A composed message; `kind` is the name of its pattern, such as `failure-request`."""

    text: str
    label: str
    kind: str


@dataclass(frozen=True)
class Parts:
    """Draws parts of a language and split, and joins them as its writers do."""

    lists: dict[str, list[str]]
    chinese: bool
    generator: random.Random

    def __call__(self, *categories: str) -> str:
        """A part of one of the categories. A small category may have no part in a split."""
        return self._choose(self.lists[self._choose([name for name in categories if self.lists[name]])])

    def several(self, low: int, high: int, *categories: str) -> list[str]:
        """Between `low` and `high` different parts of the categories."""
        count = low + int(self.generator.random() * (high - low + 1))
        return list(dict.fromkeys(self(*categories) for _ in range(count)))

    def maybe(self, share: float, *categories: str) -> list[str]:
        """A part of the categories in `share` of the cases, else none."""
        return [self(*categories)] if self.generator.random() < share else []

    def insert(self, part: str, others: list[str]) -> list[str]:
        """The others with the part at a random place."""
        place = int(self.generator.random() * (len(others) + 1))
        return [*others[:place], part, *others[place:]]

    def emoji(self, choices: str) -> str:
        character = self._choose(choices)
        return character * self._choose((1, 1, 1, 2, 3))

    def mail(self, body: list[str], greeting: float = 0.3, closing: float = 0.3) -> str:
        """The body, sometimes with a greeting, thanks in advance and a closing."""
        parts = [*self.maybe(greeting, "greeting"), *body, *self.maybe(closing / 2, "thanks_formula")]
        return self.join([*parts, *self.maybe(closing, "closing")])

    def join(self, parts: list[str]) -> str:
        """The parts as one text, with the punctuation and line breaks that messages have."""
        separator = self._choose(("", "", "", "\n") if self.chinese else (" ", " ", " ", "\n"))
        text = parts[0].strip()
        for part in (part.strip() for part in parts[1:]):
            if text[-1:] in ".。" or _bare(text):
                if self.generator.random() < 0.2:
                    text = text.rstrip(".。") + ("，" + part if self.chinese else ", " + _lower_first(part))
                    continue
                if _bare(text):
                    text += "。" if self.chinese else "."
            text += separator + part
        return text

    def _choose(self, choices: Sequence[T]) -> T:
        return choices[int(self.generator.random() * len(choices))]


def _bare(text: str) -> bool:
    """Whether a text ends without punctuation."""
    return text[-1:].isalnum() or text[-1:] in ')）"”'


def _lower_first(part: str) -> str:
    """The part as the second half of a sentence; a word in capitals, such as "I" or "USB", stays."""
    return part[0].lower() + part[1:] if part[1:2].islower() else part


def _single(label: str, *categories: str) -> Callable[[Parts], tuple[str, str]]:
    return lambda parts: (parts(*categories), label)


def _failure_request(parts: Parts) -> tuple[str, str]:
    """A failure and a polite request or question, in either order, alone or in a whole mail."""
    body = [parts(*OPEN_FAILURE), parts("failure_request", "failure_request", "request", "question")]
    if parts.generator.random() < 0.2:
        body.reverse()
    return parts.mail([*parts.maybe(0.2, "context", "fact"), *body]), "negative"


def _failure_facts(parts: Parts) -> tuple[str, str]:
    complaint = parts(*OPEN_FAILURE, "feeling_negative", "threat", "negated_negative")
    others = parts.several(1, 4, *CALM, "request", "question")
    return parts.mail(parts.insert(complaint, others)), "negative"


def _complaint_polite(parts: Parts) -> tuple[str, str]:
    """A complaint in one part, then only polite business: who is writing, when to call, thanks."""
    complaint = parts("feeling_negative", "threat", "sarcasm", "praise_then_failure", "good_then_bad", "mild_criticism")
    return parts.mail(
        [complaint, *parts.several(1, 3, "context", "fact", "request", "failure_request")], 0.4, 0.6
    ), "negative"


def _failure_feeling(parts: Parts) -> tuple[str, str]:
    return parts.mail([parts(*OPEN_FAILURE), parts("feeling_negative", "threat", "negated_negative")]), "negative"


def _facts(parts: Parts) -> tuple[str, str]:
    return parts.mail(parts.several(1, 4, *CALM, "loaded_fact")), "neutral"


def _business(parts: Parts) -> tuple[str, str]:
    """Facts with a question, a request, a wish, one's own mistake, or trouble that is over."""
    core = parts("question", "request", "failure_request", "wish", "own_doing", "solved", "ack", "other_opinion")
    return parts.mail(parts.insert(core, parts.several(1, 3, *CALM, "question", "request"))), "neutral"


def _own_doing(parts: Parts) -> tuple[str, str]:
    return parts.mail([parts("own_doing"), parts("request", "question", "failure_request")]), "neutral"


def _loaded_facts(parts: Parts) -> tuple[str, str]:
    return parts.mail(parts.insert(parts("loaded_fact"), parts.several(0, 2, *CALM, "question", "request"))), "neutral"


def _praise(parts: Parts) -> tuple[str, str]:
    return parts.mail(parts.insert(parts(*PRAISE), parts.several(0, 3, *CALM, "feeling_positive", "wish"))), "positive"


def _praise_request(parts: Parts) -> tuple[str, str]:
    return parts.mail([parts(*PRAISE), parts("request", "question")]), "positive"


def _praise_failure(parts: Parts) -> tuple[str, str]:
    if parts.generator.random() < 0.5:
        return parts("praise_then_failure"), "negative"
    praise = parts("feeling_positive", "negated_positive")
    return parts.mail([praise, parts(*OPEN_FAILURE), *parts.maybe(0.3, "request", "failure_request")]), "negative"


def _formula_failure(parts: Parts) -> tuple[str, str]:
    """Thanks or an acknowledgement as a frame around an open failure."""
    return parts.mail([parts("thanks_formula", "ack"), parts(*OPEN_FAILURE)], 0.2, 0.5), "negative"


def _formula_business(parts: Parts) -> tuple[str, str]:
    return parts.mail([parts("request", "question", "fact"), parts("thanks_formula")], 0.4, 0.5), "neutral"


def _long(parts: Parts) -> tuple[str, str]:
    """Many calm sentences, in two of three cases with one complaint or one praise among them."""
    calm = parts.several(6, 12, *CALM, "request", "question", "fact")
    found, label = parts.generator.choice((("negative", "negative"), ("positive", "positive"), ("", "neutral")))
    if found == "negative":
        calm = parts.insert(parts(*OPEN_FAILURE, "feeling_negative", "threat", "sarcasm", "negated_negative"), calm)
    if found == "positive":
        calm = parts.insert(parts(*PRAISE), calm)
    return parts.mail(calm), label


def _emoji(parts: Parts) -> tuple[str, str]:
    """Emoji beside words that do not decide, and beside words that do."""
    choice = int(parts.generator.random() * 6)
    if choice == 0:
        return f"{parts(*CALM)} {parts.emoji(ANGRY_EMOJI + SAD_EMOJI)}", "negative"
    if choice == 1:
        return f"{parts(*CALM)} {parts.emoji(HAPPY_EMOJI[:-2])}", "positive"
    if choice == 2:
        return f"{parts('question', 'request', 'context')} {parts.emoji(POLITE_EMOJI)}", "neutral"
    if choice == 3:
        return (
            f"{parts(*OPEN_FAILURE, 'feeling_negative')} {parts.emoji(ANGRY_EMOJI + SAD_EMOJI + POLITE_EMOJI)}",
            "negative",
        )
    if choice == 4:
        return f"{parts(*PRAISE)} {parts.emoji(HAPPY_EMOJI)}", "positive"
    return parts.generator.choice(
        [(parts.emoji(ANGRY_EMOJI + SAD_EMOJI), "negative"), (parts.emoji(HAPPY_EMOJI[:-2]), "positive"),
         (parts.emoji("👍👌"), "neutral")]
    )  # fmt: skip


def _rating(parts: Parts) -> tuple[str, str]:
    """A rating alone, or beside words; where they contradict each other, the words decide."""
    points = 1 + int(parts.generator.random() * 5)
    label = "negative" if points < 3 else "neutral" if points == 3 else "positive"
    rating = parts.generator.choice(ratings(points, parts.chinese))
    choice = parts.generator.random()
    if choice < 0.35:
        return rating, label
    if choice < 0.85:
        words = {"negative": (*OPEN_FAILURE, "feeling_negative", "negated_negative"), "neutral": ("lukewarm",),
                 "positive": PRAISE}[label]  # fmt: skip
        return parts.join(parts.insert(rating, [parts(*words)])), label
    if choice < 0.93:
        return parts.join(parts.insert(rating, [parts("fact", "context")])), label
    opposite = {"negative": "positive", "positive": "negative", "neutral": "neutral"}[label]
    words = {"negative": (*OPEN_FAILURE, "feeling_negative"), "positive": PRAISE, "neutral": ("lukewarm",)}[opposite]
    return parts.join([rating, parts(*words)]), opposite


def ratings(points: int, chinese: bool) -> list[str]:
    stars = "★" * points + "☆" * (5 - points)
    found = [stars, stars, f"{points}/5", f"{2 * points}/10"]
    if points > 1:
        found.append("⭐" * points)
    if chinese:
        return [*found, f"{'一二三四五'[points - 1]}星", f"打{2 * points}分", f"给{'一二三四五'[points - 1]}星吧"]
    word = ("one", "two", "three", "four", "five")[points - 1]
    return [
        *found,
        f"{points} out of 5",
        f"{2 * points} out of 10",
        f"{points} star{'s' * (points > 1)}",
        f"{word} star{'s' * (points > 1)}",
    ]


def _mixed(parts: Parts) -> tuple[str, str]:
    name = parts.generator.choice(MIXED)
    return parts(name), name.removeprefix("mixed_")


PATTERNS: dict[str, tuple[int, Callable[[Parts], tuple[str, str]]]] = {
    "failure": (5, _single("negative", *OPEN_FAILURE)),
    "failure-request": (6, _failure_request),
    "failure-facts": (5, _failure_facts),
    "complaint-polite": (4, _complaint_polite),
    "failure-feeling": (2, _failure_feeling),
    "feeling": (2, _single("negative", "feeling_negative", "negated_negative", "mild_criticism", "good_then_bad")),
    "threat": (3, _single("negative", "threat")),
    "sarcasm": (4, _single("negative", "sarcasm")),
    "praise-failure": (
        4,
        lambda parts: (
            _praise_failure(parts) if parts.generator.random() < 0.5 else (parts("praise_then_failure"), "negative")
        ),
    ),
    "formula-failure": (2, _formula_failure),
    "facts": (3, _facts),
    "loaded-facts": (4, _loaded_facts),
    "business": (4, _business),
    "own-doing": (2, _own_doing),
    "neutral": (4, _single("neutral", *NEUTRAL)),
    "formula-business": (2, _formula_business),
    "praise": (3, _praise),
    "praise-request": (3, _praise_request),
    "positive": (4, _single("positive", *POSITIVE)),
    "long": (2, _long),
    "emoji": (2, _emoji),
    "rating": (2, _rating),
    "mixed": (2, _mixed),
}
"""The kinds of composed messages: how often each is drawn for training, and how it is composed."""


def parts(language: str, split: str) -> dict[str, list[str]]:
    """The parts of a language by category. Of the training parts, a tenth each is kept for `validation` and `gate`."""
    lists = _read(f"test-{language}" if split == "test" else language)
    if split == "test":
        return lists
    return {name: [part for part in texts if _split_of(part) == split] for name, texts in lists.items()}


def _split_of(part: str) -> str:
    number = int(hashlib.sha256(part.encode()).hexdigest(), 16) % 10
    return ("validation", "gate")[number] if number < 2 else "train"


@cache
def _read(name: str) -> dict[str, list[str]]:
    lists: dict[str, list[str]] = json.loads((FOLDER / f"{name}.json").read_text(encoding="utf-8"))
    return lists


def compose(language: str, split: str, count: int, seed: int, kinds: list[str] | None = None) -> list[ComposedRow]:
    """`count` different messages from the parts of a split. The same arguments give the same messages.

    For training, kinds are drawn by their weight; for the other splits, each kind has the same number of messages.
    """
    generator = random.Random(f"{language}/{split}/{seed}")
    drawn = Parts(parts(language, split), language == "zh", generator)
    names = [name for name in kinds or PATTERNS if name != "mixed" or MIXED[0] in drawn.lists]
    weights = [PATTERNS[name][0] if split == "train" else 1 for name in names]
    schedule = [name for name, weight in zip(names, weights, strict=True) for _ in range(weight)]
    found: dict[str, ComposedRow] = {}
    for number in range(20 * count):
        kind = schedule[number % len(schedule)]
        text, label = PATTERNS[kind][1](drawn)
        found.setdefault(text, ComposedRow(text, label, kind))
        if len(found) == count:
            break
    return list(found.values())


def rows(language: str, split: str, count: int, seed: int) -> list[Row]:
    """Composed messages as rows; their source is `composed-<language>:<kind>`."""
    return [Row(row.text, row.label, f"{PREFIX}{language}:{row.kind}") for row in compose(language, split, count, seed)]
