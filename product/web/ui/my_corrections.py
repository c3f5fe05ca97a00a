"""My corrections: what became of what this browser's person said, and how to take it back.

The browser keeps the receipts that it was given, and the server lists those of them that its address's actor gave: who
shares an address with others sees nothing of theirs.
"""

import re
from functools import partial
from html import escape

import gradio as gr

from product.feedback.erasure import ErasureScope
from product.sentiment import AttuneError, MyCorrection, NotFound, Status
from product.service import DECIDED, ID, MAX_MY_CORRECTIONS, Application
from product.storage.locks import Locked
from product.texts import Texts
from product.web.ui import cards
from product.web.ui.desk import AT_ONCE, Desk, desk_actor, html, language_of
from product.web.ui.recent import Recent

PICK_BUTTON = """
element.addEventListener('click', event => {
  const button = event.target.closest('button[data-erase]');
  if (!button || button.disabled) return;
  button.disabled = true;
  setTimeout(() => { button.disabled = false; }, 2000);
  trigger('select', {erase: button.dataset.erase});
});
"""

# Each tab of a browser knows the receipts that there were when it was opened, and its own: what one keeps must not undo
# what another has kept. So all are noted beside what Gradio keeps, and each tab looks there before it goes on. Where a
# browser keeps nothing, or keeps what is no list, a tab goes on with its own.
ALL_TABS = """
(kept, ...others) => {
  try {
    const noted = JSON.parse(localStorage.getItem('attune-receipts-of-all-tabs') || '[]');
    const all = [...new Set([...noted, ...kept])].slice(-MOST);
    localStorage.setItem('attune-receipts-of-all-tabs', JSON.stringify(all));
    return [all, ...others];
  } catch {
    return [kept, ...others];
  }
}
""".replace("MOST", str(MAX_MY_CORRECTIONS))


# HTML, from plain data. Every word of a customer passes through `escape` on its way in.


def corrections(owned: list[MyCorrection], say: Texts) -> str:
    if not owned:
        return f"<div class='card nothing'><p>{say('mine_none')}</p><p>{say('mine_none_hint')}</p></div>"
    rows = "".join(f"<li class='card'>{_card(own, say)}</li>" for own in owned)
    return f"<h3>{say('mine_title')}</h3><p class='soft'>{say('mine_what')}</p><ol>{rows}</ol>"


def _card(own: MyCorrection, say: Texts) -> str:
    receipt = own.receipt
    facts = (("mine_status", say.first(f"status_{receipt.status}", "status_pending")),)
    if reason := reason_of(own):
        facts += (("mine_reason", reason),)
    facts += (("mine_learned", learned(own, say)), ("mine_today", agreement(own, say)))
    listed = "".join(f"<div><dt>{say(name)}</dt><dd>{escape(value)}</dd></div>" for name, value in facts)
    comment = f"<q dir='auto'>{escape(own.comment)}</q>" if own.comment else ""
    return (
        f"<blockquote dir='auto' tabindex='0'>{escape(own.text)}</blockquote>"
        f"<p class='said'>{cards.face(receipt.label)}<span>{said(own, say)}{comment}</span></p>"
        f"<dl>{listed}</dl>{_delete(own, say)}"
    )


def said(own: MyCorrection, say: Texts) -> str:
    label, predicted = (say(each).lower() for each in (own.receipt.label, own.receipt.predicted))
    if own.receipt.label == own.receipt.predicted:
        return say("mine_confirmed", label=label)
    return say("mine_said", label=label, predicted=predicted)


def reason_of(own: MyCorrection) -> str:
    """Why a lead turned it down, in their own words; nobody else does."""
    latest = own.receipt.history[-1] if own.receipt.history else None
    return latest.why if latest and latest.status == Status.rejected and latest.why != DECIDED else ""


def learned(own: MyCorrection, say: Texts) -> str:
    version = own.receipt.learned_in
    return say("mine_learned_in", version=version) if version else say("mine_learned_not")


def agreement(own: MyCorrection, say: Texts) -> str:
    return say({True: "mine_agrees", False: "mine_disagrees", None: "mine_unknown"}[own.receipt.agrees_now])


def _delete(own: MyCorrection, say: Texts) -> str:
    """Two steps, so that nothing is deleted by a slip."""
    return (
        f"<details><summary>{say('mine_delete')}</summary><p>{say('mine_sure')}</p>"
        f"<button type='button' data-erase='{escape(own.receipt.feedback_id)}'>{say('mine_delete_sure')}</button>"
        "</details>"
    )


def deleted(reach: ErasureScope, say: Texts) -> str:
    """What went, and what is left of it in versions."""
    told = [say("mine_deleted")]
    if reach.others:
        told.append(say("mine_others", count=len(reach.others)))
    if reach.versions:
        told.append(say("mine_versions", versions=say("and").join(reach.versions)))
    return " ".join(told)


def receipts_of(kept: object) -> list[str]:
    """What a browser says that it keeps; it may say anything."""
    given = kept if isinstance(kept, list) else []
    return [each for each in given if isinstance(each, str) and re.fullmatch(ID, each)][-MAX_MY_CORRECTIONS:]


def with_session(kept: object, recent: Recent) -> list[str]:
    """The receipts that a browser keeps and those of its session, the newest last, each once."""
    session = [entry.receipt for entry in recent.newest_first()[::-1] if entry.receipt]
    return receipts_of(list(dict.fromkeys(receipts_of(kept) + session)))


def browser_receipts() -> gr.BrowserState:
    """Where a browser keeps its receipts. Outside of any tab: in one that is not opened yet nothing would be kept.

    They are no secret: whoever has one can only ask what became of a correction, without its text.
    """
    return gr.BrowserState([], storage_key="attune-receipts", secret="attune")


class Mine:
    """The tab's components and its handlers."""

    def __init__(self, application: Application, desk: Desk, receipts: gr.BrowserState):
        self.application, self.desk, self.receipts = application, desk, receipts
        with gr.Column(elem_id="mine", min_width=0):
            self.told = html(elem_id="mine-told")
            self.list = html(elem_id="owned", js_on_load=PICK_BUTTON)
        self._event = partial(
            gr.on,
            inputs=[self.receipts, desk.recent],
            js=ALL_TABS,
            show_progress="hidden",
            concurrency_limit=AT_ONCE,
            api_visibility="private",
        )
        outputs = [self.receipts, self.told, self.list]
        stored = desk.then_stored(self.on_stored, [self.receipts, desk.recent], [self.receipts], ALL_TABS)
        stored.then(None, [self.receipts], js=ALL_TABS)
        self._event([self.list.select], self.on_erase, outputs=outputs + desk.everything)

    def wire(self, *triggers) -> None:
        """Show the list at each of these events."""
        self._event(list(triggers), self.on_mine, outputs=[self.receipts, self.told, self.list])

    # Handlers: they say what changes on the page.

    def on_stored(self, kept: object, recent: Recent) -> list[str]:
        """The browser keeps the receipts of what was just corrected."""
        return with_session(kept, recent)

    def on_mine(self, kept: object, recent: Recent, request: gr.Request) -> dict:
        return {self.told: ""} | self._show(with_session(kept, recent), request)

    def on_erase(self, kept: object, recent: Recent, request: gr.Request, event: gr.EventData) -> dict:
        say, clicked = language_of(request), event._data if isinstance(event._data, dict) else {}
        id = str(clicked.get("erase"))
        try:
            reach = self.application.erase_own(feedback_id=id, actor=desk_actor(self.application, request))
        except Locked:
            return {self.told: cards.problem(say("mine_busy"))}
        except NotFound:
            told, page = cards.problem(say("mine_gone")), {}
        except AttuneError:
            return {self.told: cards.problem(say("mine_unstorable"))}
        else:
            told, page = cards.done(deleted(reach, say)), self.desk.forget(recent, id, say)
        receipts = [each for each in with_session(kept, recent) if each != id]
        return page | self._show(receipts, request) | {self.told: told}

    def _show(self, receipts: list[str], request: gr.Request) -> dict:
        say = language_of(request)
        try:
            actor = desk_actor(self.application, request)
            listed = corrections(self.application.my_corrections(actor=actor, ids=receipts), say)
        except AttuneError:
            return {self.told: cards.problem(say("mine_unstorable"))}
        return {self.receipts: receipts, self.list: listed}
