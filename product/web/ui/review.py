"""Review tab: the review queue and the lead's decisions. Nothing of it is sent to anyone without the lead role."""

from collections.abc import Callable
from functools import partial
from html import escape
from typing import Any

import gradio as gr

from product.feedback.review_queue import Item, QueuedCorrection
from product.identity import Actor, ActorKind
from product.sentiment import LABELS, AttuneError, InvalidInput, NotFound
from product.service import Application
from product.texts import Texts
from product.texts.numbers import percent
from product.web.auth import LeadRole, LeadSession, TooManyAttempts, WrongPassword
from product.web.ui import cards
from product.web.ui.shared import Update, address_of, desk_actor, event_data, html, language_of, on

MAX_SHOWN = 12
"""Messages on the page at once."""
MAX_NAME, MAX_NOTE = 60, 300
"""Characters."""

# The queue is plain HTML, so its script reports which button was clicked. The clicked button stays disabled until the
# new queue arrives. Clicks within 0.7 seconds are ignored: the second click of a double click would hit the next card,
# which has moved up.
SELECT_BUTTON = """
let clicked = -Infinity;
element.addEventListener('click', event => {
  const button = event.target.closest('button[data-do]'), since = event.timeStamp - clicked;
  if (!button || button.disabled || since < 700) return;
  clicked = event.timeStamp;
  const cards = [...element.querySelectorAll('ol > li')];
  document.querySelector('#review-queue').dataset.row = cards.findIndex(card => card.contains(button));
  button.disabled = true;
  setTimeout(() => { button.disabled = false; }, 2000);
  trigger('select', {do: button.dataset.do, id: button.dataset.id, label: button.dataset.label});
});
"""

# The pressed button disappears. For keyboard users, move the focus to the card that took its place.
FOCUS_NEXT = """
() => {
  const queue = document.querySelector('#review-queue'), cards = queue.querySelectorAll('ol > li');
  const next = cards[Math.min(queue.dataset.row || 0, cards.length - 1)];
  if (document.activeElement === document.body) next?.querySelector('button')?.focus();
}
"""


# HTML, from plain data. Everything a person wrote passes through `escape`.


def queue(items: list[Item], t: Texts) -> str:
    if not items:
        return cards.notice("review_none", t)
    rows = "".join(f"<li class='card'>{_card(item, t)}</li>" for item in items)
    return f"<h3>{t('review_title')}</h3><p class='soft'>{t('review_intro')}</p><ol>{rows}</ol>"


def _card(item: Item, t: Texts) -> str:
    scores = " · ".join(f"{t(label)} {t('percent', percent=percent(item.scores[label]))}" for label in LABELS)
    predicted = t("review_predicted", label=t(item.predicted).lower(), scores=scores)
    decisions = "".join(_correction(correction, t) for correction in item.corrections)
    return (
        f"<p class='why'>{t.first(f'review_reason_{item.reason}', 'review_reason_unseen')}</p>"
        + ("" if item.supported else f"<p class='notice'>{t('review_unsupported')}</p>")
        + f"<blockquote dir='auto' tabindex='0'>{escape(item.text)}</blockquote>"
        f"<p class='facts'>{escape(predicted)}</p>"
        + (f"<ul>{decisions}</ul>" if decisions else _label_buttons(item.prediction_id, t))
    )


def _label_buttons(prediction_id: str, t: Texts) -> str:
    buttons = "".join(
        f"<button type='button' class='{label}' data-do='label' data-id='{escape(prediction_id)}' data-label='{label}'>"
        f"{cards.face(label)}{t(label)}</button>"
        for label in LABELS
    )
    return f"<div class='choose'><span>{t('review_choose')}</span>{buttons}</div>"


def _correction(correction: QueuedCorrection, t: Texts) -> str:
    """Who chose which label, with buttons to decide, or with the correction's status."""
    contributor = " · ".join(part for part in (correction.actor.name, correction.actor.key) if part)
    actor = f"<b dir='auto'>{escape(contributor)}</b>"
    label = f"<b>{t(correction.label).lower()}</b>"
    comment = f"<q dir='auto'>{escape(correction.comment)}</q>" if correction.comment else ""
    state = (
        _decision_buttons(correction, t)
        if correction.open
        else f"<span class='soft'>{t(f'status_{correction.status}')}</span>"
    )
    text = t("review_correction", actor=actor, label=label)
    return f"<li>{cards.face(correction.label)}<p>{text}{comment}</p>{state}</li>"


def _decision_buttons(correction: QueuedCorrection, t: Texts) -> str:
    buttons = "".join(
        f"<button type='button' class='{decision}' data-do='{decision}' data-id='{escape(correction.feedback_id)}'>"
        f"{t(f'review_{decision}')}</button>"
        for decision in ("accept", "reject")
    )
    return f"<span class='choose'>{buttons}</span>"


# What the handlers do, independent of the page.


def decide(application: Application, clicked: dict[str, Any], by: Actor, note: str, t: Texts) -> str:
    """Carry out the clicked button of the queue; returns a notice with a button that reverses the decision.

    `note` is the lead's reason. Raises InvalidInput for an unknown button, NotFound for a message or correction that
    no longer exists, and StorageUnavailable.
    """
    action, id, label = (str(clicked.get(key)) for key in ("do", "id", "label"))
    if action == "label":
        feedback_id = application.label_as_lead(prediction_id=id, label=label, by=by, note=note)
        text, reverse, offer = "review_stored", "reject", "review_undo"
    elif action in ("accept", "reject"):
        application.decide(feedback_id=id, accept=action == "accept", by=by, note=note)
        reverse = "reject" if action == "accept" else "accept"
        feedback_id, text, offer = id, f"review_{action}ed", f"review_{reverse}_instead"
    else:
        raise InvalidInput("do: must be label, accept or reject.")
    stored = application.corrected_message(feedback_id)
    button = f"<button type='button' data-do='{reverse}' data-id='{escape(feedback_id)}'>{t(offer)}</button>"
    return cards.done(t(text, label=t(stored.label).lower(), snippet=cards.snippet(stored.text)), button)


def reviewer(name: object, client: Actor) -> Actor:
    """Who decides, for the record: the given name, or else the client."""
    given = one_line(name, MAX_NAME)
    return Actor(ActorKind.lead, name=given) if given else Actor(ActorKind.lead, key=client.key)


def one_line(value: object, limit: int) -> str:
    """The text of a field as it can be stored: one line of at most `limit` characters."""
    line = " ".join(value.split())[:limit] if isinstance(value, str) else ""
    # A lone surrogate cannot be stored.
    return line.encode("utf-8", "ignore").decode()


class ReviewTab:
    """The tab's components and event handlers."""

    def __init__(self, application: Application, translate: gr.I18n):
        self.application = application
        self.role = LeadRole(application.settings.lead_password.get_secret_value(), application.settings.host)
        self.session = gr.State(LeadSession())
        with gr.Column(elem_id="review", min_width=0):
            with gr.Row(visible=False, elem_id="sign-in") as self.sign_in:
                self.password = gr.Textbox(
                    label=translate("review_password"), type="password", max_lines=1, elem_id="password", scale=3
                )
                self.sign_in_button = gr.Button(
                    translate("review_sign_in"), variant="primary", elem_id="sign-in-button", scale=0
                )
            with gr.Row(elem_id="reviewer-fields"):
                self.name = _text_field(translate, "review_name", MAX_NAME, "reviewer-name")
                self.note = _text_field(translate, "review_note", MAX_NOTE, "decision-note")
            self.notice = html(elem_id="review-notice", js_on_load=SELECT_BUTTON)
            self.queue = html(elem_id="review-queue", js_on_load=SELECT_BUTTON)
        self._wire()

    def _wire(self) -> None:
        components = [self.sign_in, self.password, self.name, self.note, self.notice, self.queue]
        self._event = partial(on, outputs=components)
        self._event([self.sign_in_button.click, self.password.submit], self.on_sign_in, [self.password, self.session])
        decided = self._event(
            [self.queue.select, self.notice.select], self.on_decide, [self.name, self.note, self.session]
        )
        decided.then(None, js=FOCUS_NEXT)

    def load_on(self, *events: Callable[..., Any]) -> None:
        """Show the queue, or the sign-in, whenever one of these events occurs."""
        self._event(list(events), self.on_review, [self.session])

    # Event handlers. They return the components that change.

    def on_review(self, session: LeadSession, request: gr.Request) -> Update:
        return {self.notice: ""} | self._show(session, request)

    def on_sign_in(self, password: object, session: LeadSession, request: gr.Request) -> Update:
        t = language_of(request)
        try:
            self.role.sign_in(session, address_of(request), password if isinstance(password, str) else "")
        except WrongPassword:
            return {self.password: "", self.notice: cards.problem(t("review_wrong_password"))}
        except TooManyAttempts:
            return {self.password: "", self.notice: cards.problem(t("review_locked_out"))}
        return {self.password: "", self.notice: ""} | self._show(session, request)

    def on_decide(self, name: str, note: str, session: LeadSession, request: gr.Request, event: gr.EventData) -> Update:
        t = language_of(request)
        if not self._allows(session, request):
            return {self.notice: cards.problem(t("review_session_ended"))} | self._show(session, request)
        try:
            by = reviewer(name, desk_actor(self.application, request))
            notice = decide(self.application, event_data(event), by, one_line(note, MAX_NOTE), t)
        except (NotFound, InvalidInput):
            return self._show(session, request) | {self.notice: cards.problem(t("review_gone"))}
        except AttuneError:
            return self._show(session, request) | {self.notice: cards.problem(t("review_unavailable"))}
        # A note belongs to one decision, so the field is cleared.
        return self._show(session, request) | {self.notice: notice, self.note: gr.update(value="", visible=True)}

    def _allows(self, session: LeadSession, request: gr.Request) -> bool:
        return self.role.allows(session, address_of(request), request.headers)

    def _show(self, session: LeadSession, request: gr.Request) -> Update:
        """What this request may see: the queue, the sign-in, or why the tab is locked."""
        t, allowed = language_of(request), self._allows(session, request)
        fields: Update = {
            self.sign_in: gr.update(visible=self.role.needs_password and not allowed),
            self.name: gr.update(visible=allowed),
            self.note: gr.update(visible=allowed),
        }
        if not allowed:
            return fields | {self.queue: "" if self.role.needs_password else cards.notice("review_closed", t)}
        try:
            return fields | {self.queue: queue(self.application.review_queue(MAX_SHOWN), t)}
        except AttuneError:
            return fields | {self.notice: cards.problem(t("review_unavailable"))}


def _text_field(translate: gr.I18n, key: str, limit: int, elem_id: str) -> gr.Textbox:
    return gr.Textbox(
        label=translate(key),
        info=translate(f"{key}_hint"),
        max_lines=1,
        max_length=limit,
        min_width=280,
        visible=False,
        elem_id=elem_id,
    )
