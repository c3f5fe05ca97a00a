"""Review: what a lead should look at first, and the decisions on it. Nobody else is sent any of it."""

from functools import partial
from html import escape

import gradio as gr

from product.feedback.review_queue import Item, Said
from product.sentiment import LABELS, AttuneError, InvalidInput, NotFound, source_of
from product.service import Application
from product.texts import Texts
from product.web.auth import LeadSession, Role, TooManyTries, WrongPassword
from product.web.ui import cards
from product.web.ui.desk import AT_ONCE, desk_actor, html, language_of

SHOWN = 12
"""Messages on the page at once."""
MAX_NAME, MAX_REASON = 60, 300
"""Characters."""
LEAD = "lead:"
"""Stands before a lead's name in the record."""

# The queue is plain HTML, so it tells which of its buttons was clicked. A second click waits for the new queue; and the
# second of a double click, which may meet the card that has moved up, is none.
PICK_BUTTON = """
let clicked = -Infinity;
element.addEventListener('click', event => {
  const button = event.target.closest('button[data-do]'), since = event.timeStamp - clicked;
  if (!button || button.disabled || since < 700) return;
  clicked = event.timeStamp;
  const cards = [...element.querySelectorAll('ol > li')];
  document.querySelector('#queue').dataset.row = cards.findIndex(card => card.contains(button));
  button.disabled = true;
  setTimeout(() => { button.disabled = false; }, 2000);
  trigger('select', {do: button.dataset.do, id: button.dataset.id, label: button.dataset.label});
});
"""

# The button that was pressed is gone; whoever pressed it by keyboard goes on with the card that is in its place now.
NEXT_BUTTON = """
() => {
  const queue = document.querySelector('#queue'), cards = queue.querySelectorAll('ol > li');
  const next = cards[Math.min(queue.dataset.row || 0, cards.length - 1)];
  if (document.activeElement === document.body) next?.querySelector('button')?.focus();
}
"""


# HTML, from plain data. Every word of a customer passes through `escape` on its way in.


def queue(items: list[Item], say: Texts) -> str:
    if not items:
        return _notice("review_none", say)
    rows = "".join(f"<li class='card'>{_card(item, say)}</li>" for item in items)
    return f"<h3>{say('review_title')}</h3><p class='soft'>{say('review_what')}</p><ol>{rows}</ol>"


def closed(say: Texts) -> str:
    return _notice("review_closed", say)


def _notice(key: str, say: Texts) -> str:
    return f"<div class='card nothing'><p>{say(key)}</p><p>{say(f'{key}_hint')}</p></div>"


def _card(item: Item, say: Texts) -> str:
    scores = " · ".join(f"{say(label)} {say('percent', percent=cards.percent(item.scores[label]))}" for label in LABELS)
    shown = say("review_shown", label=say(item.shown).lower(), scores=scores)
    decide = "".join(_word(word, say) for word in item.said)
    return (
        f"<p class='why'>{say.first(f'review_why_{item.reason}', 'review_why_unseen')}</p>"
        f"<blockquote dir='auto' tabindex='0'>{escape(item.text)}</blockquote>"
        f"<p class='facts'>{escape(shown)}</p>" + (f"<ul>{decide}</ul>" if decide else _labels(item.prediction_id, say))
    )


def _labels(id: str, say: Texts) -> str:
    buttons = "".join(
        f"<button type='button' class='{label}' data-do='label' data-id='{escape(id)}' data-label='{label}'>"
        f"{cards.face(label)}{say(label)}</button>"
        for label in LABELS
    )
    return f"<div class='choose'><span>{say('review_choose')}</span>{buttons}</div>"


def _word(word: Said, say: Texts) -> str:
    """Who says what, and the buttons, or what has become of it."""
    actor, label = f"<b dir='auto'>{escape(name_of(word.actor))}</b>", f"<b>{say(word.label).lower()}</b>"
    comment = f"<q dir='auto'>{escape(word.comment)}</q>" if word.comment else ""
    state = _decide(word, say) if word.open else f"<span class='soft'>{say(f'status_{word.status}')}</span>"
    return f"<li>{cards.face(word.label)}<p>{say('review_said', actor=actor, label=label)}{comment}</p>{state}</li>"


def name_of(actor: str) -> str:
    """What people call themselves first, and then what their client is told apart by."""
    kind, separator, name = actor.partition(":")
    return f"{name} · {kind}" if separator and source_of(actor) == kind else actor


def _decide(word: Said, say: Texts) -> str:
    buttons = "".join(
        f"<button type='button' class='{name}' data-do='{name}' data-id='{escape(word.feedback_id)}'>"
        f"{say(f'review_{name}')}</button>"
        for name in ("accept", "reject")
    )
    return f"<span class='choose'>{buttons}</span>"


# What the handlers do, without the page around it.


def act(application: Application, clicked: object, who: str, why: str, say: Texts) -> str:
    """Do what a button of the queue says, `why` being the lead's reason; returns what to show of it, with a button that
    does the contrary. Raises InvalidInput for a button that there is not, NotFound for what is gone,
    StorageUnavailable."""
    clicked = clicked if isinstance(clicked, dict) else {}
    name, id, label = (str(clicked.get(key)) for key in ("do", "id", "label"))
    if name == "label":
        feedback_id = application.label_as_lead(prediction_id=id, label=label, who=who, why=why)
        told, contrary, offer = "review_stored", "reject", "review_take_back"
    elif name in ("accept", "reject"):
        application.decide(feedback_id=id, accept=name == "accept", who=who, why=why)
        contrary = "reject" if name == "accept" else "accept"
        feedback_id, told, offer = id, f"review_{name}ed", f"review_{contrary}_instead"
    else:
        raise InvalidInput("do: must be label, accept or reject.")
    text, label = application.words_of(feedback_id)
    button = f"<button type='button' data-do='{contrary}' data-id='{escape(feedback_id)}'>{say(offer)}</button>"
    return cards.done(say(told, label=say(label).lower(), snippet=cards.snippet(text)), button)


def reviewer(name: object, fallback: str) -> str:
    """Who decides, for the record: the name given, or who the request came from."""
    return LEAD + (one_line(name, MAX_NAME) or fallback)


def one_line(typed: object, limit: int) -> str:
    """What was typed into a field, as far as it can be stored."""
    typed = " ".join(typed.split())[:limit] if isinstance(typed, str) else ""
    # Half of a surrogate pair cannot be stored.
    return typed.encode("utf-8", "ignore").decode()


class Review:
    """The tab's components and its handlers."""

    def __init__(self, application: Application, translate: gr.I18n):
        self.application = application
        self.role = Role(application.settings.lead_password.get_secret_value(), application.settings.host)
        self.given = gr.State(LeadSession())
        with gr.Column(elem_id="review", min_width=0):
            with gr.Row(visible=False, elem_id="door") as self.door:
                self.password = gr.Textbox(
                    label=translate("review_password"), type="password", max_lines=1, elem_id="password", scale=3
                )
                self.enter = gr.Button(translate("review_enter"), variant="primary", elem_id="enter", scale=0)
            with gr.Row(elem_id="decider"):
                self.name, self.why = (
                    gr.Textbox(
                        label=translate(key),
                        info=translate(f"{key}_hint"),
                        max_lines=1,
                        max_length=most,
                        min_width=280,
                        visible=False,
                        elem_id=id,
                    )
                    for key, most, id in (
                        ("review_name", MAX_NAME, "reviewer"),
                        ("review_reason", MAX_REASON, "reason"),
                    )
                )
            self.told = html(elem_id="told", js_on_load=PICK_BUTTON)
            self.queue = html(elem_id="queue", js_on_load=PICK_BUTTON)
        self._wire()

    def _wire(self) -> None:
        everything = [self.door, self.password, self.name, self.why, self.told, self.queue]
        self._event = partial(
            gr.on, outputs=everything, show_progress="hidden", concurrency_limit=AT_ONCE, api_visibility="private"
        )
        self._event([self.enter.click, self.password.submit], self.on_enter, [self.password, self.given])
        decided = self._event([self.queue.select, self.told.select], self.on_decide, [self.name, self.why, self.given])
        decided.then(None, js=NEXT_BUTTON)

    def wire(self, *triggers) -> None:
        """Show the queue, or the door, at each of these events."""
        self._event(list(triggers), self.on_review, [self.given])

    # Handlers: they say what changes on the page.

    def on_review(self, given: LeadSession, request: gr.Request) -> dict:
        return {self.told: ""} | self._show(given, request)

    def on_enter(self, password: str, given: LeadSession, request: gr.Request) -> dict:
        say = language_of(request)
        try:
            self.role.enter(given, _address(request), password if isinstance(password, str) else "")
        except WrongPassword:
            return {self.password: "", self.told: cards.problem(say("review_wrong"))}
        except TooManyTries:
            return {self.password: "", self.told: cards.problem(say("review_tries"))}
        return {self.password: "", self.told: ""} | self._show(given, request)

    def on_decide(self, name: str, why: str, given: LeadSession, request: gr.Request, event: gr.EventData) -> dict:
        say = language_of(request)
        if not self._allows(given, request):
            return {self.told: cards.problem(say("review_left"))} | self._show(given, request)
        try:
            who = reviewer(name, desk_actor(self.application, request))
            told = act(self.application, event._data, who, one_line(why, MAX_REASON), say)
        except (NotFound, InvalidInput):
            told = cards.problem(say("review_gone"))
        except AttuneError:
            told = cards.problem(say("review_unstorable"))
        else:
            # The next decision has a reason of its own.
            return self._show(given, request) | {self.told: told, self.why: gr.update(value="", visible=True)}
        return self._show(given, request) | {self.told: told}

    def _allows(self, given: LeadSession, request: gr.Request) -> bool:
        return self.role.allows(given, _address(request), request.headers)

    def _show(self, given: LeadSession, request: gr.Request) -> dict:
        """What a request may see: the queue, the door, or that there is none."""
        say, allowed = language_of(request), self._allows(given, request)
        shown = {
            self.door: gr.update(visible=self.role.wants_password and not allowed),
            self.name: gr.update(visible=allowed),
            self.why: gr.update(visible=allowed),
        }
        if not allowed:
            return shown | {self.queue: "" if self.role.wants_password else closed(say)}
        try:
            return shown | {self.queue: queue(self.application.review_queue(SHOWN), say)}
        except AttuneError:
            return shown | {self.told: cards.problem(say("review_unstorable"))}


def _address(request: gr.Request) -> str:
    return request.client.host if request.client else "unknown"
