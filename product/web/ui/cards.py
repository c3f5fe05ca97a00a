"""The HTML of the Desk, from plain data. Every word of a customer passes through `escape` on its way in."""

from collections.abc import Sequence
from html import escape

from product.sentiment import LABELS, SHOWN_OF_ID, Prediction
from product.texts import Texts
from product.web.ui.recent import Entry

# What a calibrated confidence means to a reader: the words of the first bound it reaches.
RELIANCE = ((0.9, "reliance_very"), (0.7, "reliance_fairly"), (0.5, "reliance_little"), (0.0, "reliance_not"))
SNIPPET = 90


def percent(share: float) -> str:
    """A share of 1 as whole per cent; what is not certain is never shown as 0 or 100."""
    if 0 < share < 0.005:
        return "<1"
    if 0.995 <= share < 1:
        return ">99"
    return str(round(share * 100))


def reliance(confidence: float, say: Texts) -> str:
    return say(next(key for bound, key in RELIANCE if confidence >= bound))


def sure(prediction: Prediction, say: Texts) -> str:
    return say("percent_sure", percent=percent(prediction.confidence))


def no_result(say: Texts) -> str:
    return f"<div class='card nothing'><p>{say('result_none')}</p><p>{say('result_none_hint')}</p></div>"


def result(prediction: Prediction, say: Texts, learned: Sequence[str]) -> str:
    """The whole answer in one card: message, label, confidence, scores, route, small print.

    `learned` are the languages that the model has learned; of a message in another one it may well be wrong.
    """
    return (
        f"<section class='card result {prediction.label}' aria-label='{say('result_title')}'>"
        f"<blockquote dir='auto' tabindex='0'>{escape(prediction.text)}</blockquote>"
        f"{_verdict(prediction, say, learned)}{_scores(prediction, say)}{_route(prediction, say)}"
        f"{_small_print(prediction, say, learned)}</section>"
    )


def _verdict(prediction: Prediction, say: Texts, learned: Sequence[str]) -> str:
    told = f"<b>{escape(sure(prediction, say))}</b>"
    if prediction.language in learned:  # of another language nobody knows how often the model is wrong
        told += f" · {reliance(prediction.confidence, say)}"
    return (
        f"<p class='verdict'>{face(prediction.label)}<strong>{say(prediction.label)}</strong>"
        f"<span class='sure'>{told}</span></p>"
    )


def face(label: str) -> str:
    """A face that differs in shape; the word stands beside it, so it says nothing to a screen reader."""
    return f"<i class='face {label}' aria-hidden='true'></i>"


def _scores(prediction: Prediction, say: Texts) -> str:
    rows = "".join(_score(label, prediction.scores[label], say) for label in LABELS)
    return f"<dl class='scores' aria-label='{say('scores_title')}'>{rows}</dl>"


def _score(label: str, share: float, say: Texts) -> str:
    return (
        f"<div><dt>{say(label)}</dt>"
        f"<dd><span class='bar {label}' aria-hidden='true'><i style='width:{share:.1%}'></i></span>"
        f"<span class='number'>{escape(say('percent', percent=percent(share)))}</span></dd></div>"
    )


def route_name(route: str, say: Texts) -> str:
    return say.first(f"route_{route}", "route_other")


def _route(prediction: Prediction, say: Texts) -> str:
    why = say.first(f"why_{prediction.route}", "why_other", percent=percent(prediction.scores["negative"]))
    return (
        f"<p class='route'><span>{say('route_title')}</span> "
        f"<strong>{route_name(prediction.route, say)}</strong><span class='why'>{escape(why)}</span></p>"
    )


def _small_print(prediction: Prediction, say: Texts, learned: Sequence[str]) -> str:
    notices = [say("truncated")] if prediction.truncated else []
    if prediction.language not in learned:
        notices.append(say("unlearned", languages=say("and").join(language_name(each, say) for each in learned)))
    language = language_name(prediction.language, say)
    facts = f"{say('language_title')}: {language} · {say('model_title')}: {escape(prediction.model_version)}"
    return "".join(f"<p class='notice'>{notice}</p>" for notice in notices) + f"<p class='facts'>{facts}</p>"


def language_name(language: str, say: Texts) -> str:
    return say.first(f"language_{language}", "language_other")


def question(entry: Entry, say: Texts) -> str:
    if entry.given:
        title, hint = say("answered"), say("answered_hint")
    else:
        title, hint = say("question"), say("question_hint") if entry.prediction.id else ""
    return f"<h3>{title}</h3><p>{hint}</p>"


def outcome(entry: Entry, say: Texts) -> str:
    """What became of the person's word: stored with its receipt, or why it cannot be."""
    if not entry.prediction.id:
        return problem(say("unstorable"))
    if not entry.given:
        return ""
    return (
        f"<div class='outcome stored'><p><strong>{say('stored', label=say(entry.given).lower())}</strong> "
        f"<code title='{escape(entry.receipt)}'>{say('receipt', id=escape(entry.receipt[:SHOWN_OF_ID]))}</code></p>"
        f"<p>{say.first(f'next_{entry.status}', 'next_other')}</p></div>"
    )


def problem(message: str) -> str:
    return f"<div class='outcome problem'><p>{escape(message)}</p></div>"


def recent(entries: Sequence[Entry], shown: str | None, say: Texts) -> str:
    """This session's messages, newest first; the one on show is marked."""
    rows = "".join(_recent_row(entry, entry.key == shown, say) for entry in entries)
    body = f"<ul>{rows}</ul>" if entries else f"<p>{say('recent_none')}</p>"
    return f"<section class='recent'><h3>{say('recent_title')}</h3>{body}</section>"


def _recent_row(entry: Entry, shown: bool, say: Texts) -> str:
    label = entry.prediction.label
    return (
        f"<li><button type='button' data-key='{entry.key}' aria-current='{str(shown).lower()}'>"
        f"{face(label)}<span class='snippet' dir='auto'>{escape(snippet(entry.prediction.text))}</span>"
        f"<span class='state'>{say(label)} · {recent_state(entry, say)}</span></button></li>"
    )


def recent_state(entry: Entry, say: Texts) -> str:
    if not entry.prediction.id:
        return say("recent_unstored")
    if not entry.given:
        return say("recent_open")
    if entry.given == entry.prediction.label:
        return say("recent_confirmed")
    return say("recent_corrected", label=say(entry.given).lower())


def snippet(text: str) -> str:
    """One line of at most SNIPPET characters."""
    line = " ".join(text.split())
    return line if len(line) <= SNIPPET else line[: SNIPPET - 1].rstrip() + "…"


def done(message: str, button: str = "") -> str:
    return f"<div class='outcome stored' role='status'><p>{escape(message)}</p>{button}</div>"


def spoken(message: str) -> str:
    """Read out by a screen reader when it changes, and seen by nobody."""
    return f"<p class='unseen' role='status' aria-live='polite'>{escape(message)}</p>"


def spoken_result(prediction: Prediction, say: Texts) -> str:
    route = route_name(prediction.route, say)
    return say("spoken_result", label=say(prediction.label), sure=sure(prediction, say), route=route)
