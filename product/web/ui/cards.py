"""Renders the Desk as HTML, from plain data. Everything a person wrote passes through `escape`."""

from collections.abc import Sequence
from html import escape

from product.sentiment import LABELS, SHOWN_OF_ID, Prediction
from product.texts import Texts
from product.texts.numbers import percent
from product.web.ui.session import Entry

RELIABILITY = (
    (0.9, "reliability_high"),
    (0.7, "reliability_medium"),
    (0.5, "reliability_low"),
    (0.0, "reliability_guess"),
)
"""What a calibrated confidence means in words: the text of the first bound that it reaches."""
MAX_SNIPPET = 90
"""Characters."""


def reliability(confidence: float, t: Texts) -> str:
    return t(next(key for bound, key in RELIABILITY if confidence >= bound))


def confidence(prediction: Prediction, t: Texts) -> str:
    return t("confidence", percent=percent(prediction.confidence))


def no_result(t: Texts) -> str:
    return notice("result_none", t)


def notice(key: str, t: Texts) -> str:
    """A card in place of content: the text under `key`, and the one under `key_hint`."""
    return f"<div class='card empty'><p>{t(key)}</p><p>{t(f'{key}_hint')}</p></div>"


def result(prediction: Prediction, t: Texts, languages: Sequence[str]) -> str:
    """The result in one card. `languages` are those the model was trained on, for the warning at other ones."""
    return (
        f"<section class='card result {prediction.label}' aria-label='{t('result_title')}'>"
        f"<blockquote dir='auto' tabindex='0'>{escape(prediction.text)}</blockquote>"
        f"{_label(prediction, t)}{_scores(prediction, t)}{_route(prediction, t)}"
        f"{_details(prediction, t, languages)}</section>"
    )


def _label(prediction: Prediction, t: Texts) -> str:
    # The confidence is calibrated for the model's languages only.
    meaning = reliability(prediction.confidence, t) if prediction.supported else t("reliability_none")
    text = f"<b>{escape(confidence(prediction, t))}</b> · {meaning}"
    return (
        f"<p class='predicted'>{face(prediction.label)}<strong>{t(prediction.label)}</strong>"
        f"<span class='confidence'>{text}</span></p>"
    )


def face(label: str) -> str:
    """An icon for the label, hidden from screen readers because the label is always written beside it."""
    return f"<i class='face {label}' aria-hidden='true'></i>"


def _scores(prediction: Prediction, t: Texts) -> str:
    rows = "".join(_score(label, prediction.scores[label], t) for label in LABELS)
    return f"<dl class='scores' aria-label='{t('scores_title')}'>{rows}</dl>"


def _score(label: str, share: float, t: Texts) -> str:
    return (
        f"<div><dt>{t(label)}</dt>"
        f"<dd><span class='bar {label}' aria-hidden='true'><i style='width:{share:.1%}'></i></span>"
        f"<span class='number'>{escape(t('percent', percent=percent(share)))}</span></dd></div>"
    )


def route_name(route: str, t: Texts) -> str:
    return t.first(f"route_{route}", "route_other")


def _route(prediction: Prediction, t: Texts) -> str:
    key = f"route_reason_{prediction.route}" if prediction.supported else "route_reason_unsupported"
    reason = t.first(key, "route_reason_other", percent=percent(prediction.scores["negative"]))
    return (
        f"<p class='route'><span>{t('route_title')}</span> "
        f"<strong>{route_name(prediction.route, t)}</strong><span class='why'>{escape(reason)}</span></p>"
    )


def _details(prediction: Prediction, t: Texts, languages: Sequence[str]) -> str:
    warnings = [t("truncated")] if prediction.truncated else []
    if not prediction.supported:
        names = t("and").join(language_name(language, t) for language in languages)
        warnings.append(t("language_not_trained", languages=names))
    language = language_name(prediction.language, t)
    facts = f"{t('language_title')}: {language} · {t('model_title')}: {escape(prediction.model_version)}"
    lines = [f"<p class='notice'>{warning}</p>" for warning in warnings] + [f"<p class='facts'>{facts}</p>"]
    return "".join(lines) + _omitted(prediction.omitted, t)


def _omitted(parts: Sequence[str], t: Texts) -> str:
    """What the customer did not write, and the model did not read."""
    names = t("list_separator").join(t.first(f"omitted_{part}", "omitted_other") for part in parts)
    return f"<p class='facts'>{t('omitted', parts=names)}</p>" if parts else ""


def language_name(language: str, t: Texts) -> str:
    """In the reader's language; the code itself where there is no name for it."""
    return t.first(f"language_{language}", "language_code", code=escape(language))


def question(entry: Entry, t: Texts) -> str:
    """The heading above the label buttons."""
    if entry.label:
        title, hint = t("feedback_title"), t("feedback_hint")
    else:
        title, hint = t("question"), t("question_hint") if entry.prediction.id else ""
    return f"<h3>{title}</h3><p>{hint}</p>"


def outcome(entry: Entry, t: Texts) -> str:
    """What happened to the feedback: stored, with its receipt, or why it cannot be stored."""
    if not entry.prediction.id:
        return problem(t("prediction_not_stored"))
    if not entry.label:
        return ""
    return (
        f"<div class='outcome stored'><p><strong>{t('stored', label=t(entry.label).lower())}</strong> "
        f"<code title='{escape(entry.receipt)}'>{t('receipt', id=escape(entry.receipt[:SHOWN_OF_ID]))}</code></p>"
        f"<p>{t.first(f'next_{entry.status}', 'next_other')}</p></div>"
    )


def problem(message: str) -> str:
    return f"<div class='outcome problem'><p>{escape(message)}</p></div>"


def recent(entries: Sequence[Entry], shown: str | None, t: Texts) -> str:
    """The session's messages, newest first, with the one on show marked."""
    rows = "".join(_recent_row(entry, entry.key == shown, t) for entry in entries)
    body = f"<ul>{rows}</ul>" if entries else f"<p>{t('recent_none')}</p>"
    return f"<section class='recent'><h3>{t('recent_title')}</h3>{body}</section>"


def _recent_row(entry: Entry, shown: bool, t: Texts) -> str:
    label = entry.prediction.label
    return (
        f"<li><button type='button' data-key='{entry.key}' aria-current='{str(shown).lower()}'>"
        f"{face(label)}<span class='snippet' dir='auto'>{escape(snippet(entry.prediction.text))}</span>"
        f"<span class='state'>{t(label)} · {recent_state(entry, t)}</span></button></li>"
    )


def recent_state(entry: Entry, t: Texts) -> str:
    if not entry.prediction.id:
        return t("recent_not_stored")
    if not entry.label:
        return t("recent_no_feedback")
    if entry.label == entry.prediction.label:
        return t("recent_confirmed")
    return t("recent_corrected", label=t(entry.label).lower())


def snippet(text: str) -> str:
    """One line of at most MAX_SNIPPET characters."""
    line = " ".join(text.split())
    return line if len(line) <= MAX_SNIPPET else line[: MAX_SNIPPET - 1].rstrip() + "…"


def done(message: str, button: str = "") -> str:
    return f"<div class='outcome stored' role='status'><p>{escape(message)}</p>{button}</div>"


def spoken(message: str) -> str:
    """Invisible text that a screen reader announces when it changes."""
    return f"<p class='visually-hidden' role='status' aria-live='polite'>{escape(message)}</p>"


def spoken_result(prediction: Prediction, t: Texts) -> str:
    return t(
        "spoken_result",
        label=t(prediction.label),
        confidence=confidence(prediction, t),
        route=route_name(prediction.route, t),
    )
