"""Kinds of support mail in which only some of the text is what the customer has just written."""

import html
from collections.abc import Callable

from training.data.generation.composition import OPEN_FAILURE, Parts
from training.data.generation.kinds.drawing import Family, forms
from training.data.generation.templates import SLOT

APOLOGY = ("sorry", "apologi", "regret", "unfortunately", "抱歉", "歉", "遗憾", "遺憾", "不便")
"""Words of agents whose text would make a reply look displeased; other texts of agents sound friendly."""
REPLIES = {
    "negative": (*OPEN_FAILURE, "feeling_negative", "threat"),
    "neutral": ("question", "request"),
    "positive": ("thanks_done", "feeling_positive"),
}

DASHES = "-- "
INVISIBLE = {
    "zero-width space": "\u200b",
    "soft hyphen": "\u00ad",
    "word joiner": "\u2060",
    "byte order mark": "\ufeff",
    "zero-width non-joiner": "\u200c",
    "direction marks": "\u200e\u202a\u202c",
}
EVERY = 3
"""An invisible character follows about one letter of so many."""


def families(language: str) -> dict[str, list[Family]]:
    return {
        "quoted-thread": [
            Family(f"{program}, {label} reply", label, _quoted(form, label))
            for program, form in forms()["quoted"][language].items()
            for label in REPLIES
        ],
        "signature-and-disclaimer": [
            family
            for label in REPLIES
            for family in (
                Family(f"after a closing, {label}", label, _signed(label)),
                Family(f"after dashes, {label}", label, _after_dashes(label)),
                Family(f"notice, {label}", label, _noticed(forms()["notices"][language], label)),
            )
        ],
        "html": [
            Family(f"{name}, {label}", label, _page(form, label))
            for name, form in forms()["pages"].items()
            for label in REPLIES
        ],
        "invisible-characters": [
            Family(f"{name}, {label}", label, _invisible(character, label))
            for name, character in INVISIBLE.items()
            for label in REPLIES
        ],
    }


def _quoted(form: str, label: str) -> Callable[[Parts], str]:
    """A reply above what an agent wrote, whose tone is the opposite."""

    def compose(parts: Parts) -> str:
        reply = parts(*REPLIES[label])
        agents = [text for text in parts.lists["agent_reply"] if _apologetic(text) == (label != "negative")]
        agent = agents[int(parts.generator.random() * len(agents))]
        texts = {"reply": reply, "agent": agent, "reply_html": html.escape(reply), "agent_html": html.escape(agent)}
        return _filled(form, texts)

    return compose


def _apologetic(text: str) -> bool:
    return any(word in text.lower() for word in APOLOGY)


def _signed(label: str) -> Callable[[Parts], str]:
    return lambda parts: f"{parts(*REPLIES[label])}\n\n{_closing(parts)}\n{parts('signature')}"


def _closing(parts: Parts) -> str:
    """The words of a closing, without its name."""
    return "此致\n敬礼" if parts.chinese else ("Kind regards,", "Best wishes,")[int(parts.generator.random() * 2)]


def _after_dashes(label: str) -> Callable[[Parts], str]:
    return lambda parts: f"{parts(*REPLIES[label])}\n\n{DASHES}\n{parts('signature')}"


def _noticed(notices: list[str], label: str) -> Callable[[Parts], str]:
    """A disclaimer or the banner of a scanner below a text."""
    return lambda parts: f"{parts(*REPLIES[label])}\n\n{notices[int(parts.generator.random() * len(notices))]}"


def _page(form: str, label: str) -> Callable[[Parts], str]:
    return lambda parts: _filled(form, {"text": html.escape(parts(*REPLIES[label]))})


def _filled(form: str, texts: dict[str, str]) -> str:
    """A form with texts in place of the names in braces; other braces stay."""
    return SLOT.sub(lambda match: texts.get(match[1], match[0]), form)


def _invisible(character: str, label: str) -> Callable[[Parts], str]:
    """A text with the character inside its words: after the first letter, and after about every third."""

    def compose(parts: Parts) -> str:
        text = parts(*REPLIES[label])
        inside = [place for place in range(1, len(text)) if text[place - 1].isalpha() and text[place].isalpha()]
        chosen = {place for place in inside if place == inside[0] or parts.generator.random() < 1 / EVERY}
        return "".join(character + letter if place in chosen else letter for place, letter in enumerate(text))

    return compose
