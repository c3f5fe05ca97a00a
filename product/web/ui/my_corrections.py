"""My corrections tab: what happened to the corrections given in this browser, and how to delete them.

The browser stores its receipts. The server lists a correction only if the browser has its receipt and the correction
came from the same address, so people who share an address do not see each other's corrections.
"""

import re
from collections.abc import Callable
from functools import partial
from html import escape
from typing import Any

import gradio as gr

from product.feedback.erasure import ErasureScope
from product.sentiment import AttuneError, MyCorrection, NotFound, Status
from product.service import ID, MAX_MY_CORRECTIONS, Application
from product.storage.locks import Locked
from product.texts import Texts
from product.web.ui import cards
from product.web.ui.session import Recent
from product.web.ui.shared import DeskEvents, Update, desk_actor, event_data, html, language_of, on

# The list is plain HTML, so its script reports which button was clicked. The button stays disabled for two seconds, so
# that a double click deletes once.
SELECT_BUTTON = """
element.addEventListener('click', event => {
  const button = event.target.closest('button[data-erase]');
  if (!button || button.disabled) return;
  button.disabled = true;
  setTimeout(() => { button.disabled = false; }, 2000);
  trigger('select', {erase: button.dataset.erase});
});
"""

# A browser tab knows the receipts that existed when it was opened, plus its own, and must not overwrite what other tabs
# have stored since. So every tab merges its receipts into one list in localStorage before it continues. If localStorage
# is blocked or holds something else, the tab continues with its own receipts.
MERGE_RECEIPTS = """
(receipts, ...others) => {
  try {
    const stored = JSON.parse(localStorage.getItem('attune-receipts-of-all-tabs') || '[]');
    const all = [...new Set([...stored, ...receipts])].slice(-LIMIT);
    localStorage.setItem('attune-receipts-of-all-tabs', JSON.stringify(all));
    return [all, ...others];
  } catch {
    return [receipts, ...others];
  }
}
""".replace("LIMIT", str(MAX_MY_CORRECTIONS))


# HTML, from plain data. Everything a person wrote passes through `escape`.


def corrections(items: list[MyCorrection], t: Texts) -> str:
    if not items:
        return cards.notice("my_corrections_none", t)
    rows = "".join(f"<li class='card'>{_card(item, t)}</li>" for item in items)
    return f"<h3>{t('my_corrections_title')}</h3><p class='soft'>{t('my_corrections_intro')}</p><ol>{rows}</ol>"


def _card(item: MyCorrection, t: Texts) -> str:
    receipt = item.receipt
    facts = {"status": t.first(f"status_{receipt.status}", "status_pending")}
    if reason := reason_of(item):
        facts["reason"] = reason
    facts |= {"learned": learned(item, t), "now": agreement(item, t)}
    rows = "".join(
        f"<div><dt>{t(f'my_corrections_{name}')}</dt><dd>{escape(value)}</dd></div>" for name, value in facts.items()
    )
    comment = f"<q dir='auto'>{escape(item.comment)}</q>" if item.comment else ""
    return (
        f"<blockquote dir='auto' tabindex='0'>{escape(item.text)}</blockquote>"
        f"<p class='chosen-label'>{cards.face(receipt.label)}<span>{chosen(item, t)}{comment}</span></p>"
        f"<dl>{rows}</dl>{_delete(item, t)}"
    )


def chosen(item: MyCorrection, t: Texts) -> str:
    """The label that was given, and the predicted one if it differs."""
    label, predicted = t(item.receipt.label).lower(), t(item.receipt.predicted).lower()
    if item.receipt.label == item.receipt.predicted:
        return t("my_corrections_confirmed", label=label)
    return t("my_corrections_corrected", label=label, predicted=predicted)


def reason_of(item: MyCorrection) -> str:
    """Why a lead rejected the correction, as the lead wrote it; empty otherwise."""
    latest = item.receipt.history[-1] if item.receipt.history else None
    return latest.note if latest and latest.status == Status.rejected else ""


def learned(item: MyCorrection, t: Texts) -> str:
    version = item.receipt.learned_in
    return t("my_corrections_learned_in", version=version) if version else t("my_corrections_not_learned")


def agreement(item: MyCorrection, t: Texts) -> str:
    """Whether the active version predicts the label that was given."""
    agrees = item.receipt.agrees_now
    if agrees is None:
        return t("my_corrections_unknown")
    return t("my_corrections_agrees" if agrees else "my_corrections_disagrees")


def _delete(item: MyCorrection, t: Texts) -> str:
    """Deleting takes two clicks, so that it does not happen by mistake."""
    return (
        f"<details><summary>{t('my_corrections_delete')}</summary><p>{t('my_corrections_delete_warning')}</p>"
        f"<button type='button' data-erase='{escape(item.receipt.feedback_id)}'>"
        f"{t('my_corrections_delete_confirm')}</button></details>"
    )


def deleted(scope: ErasureScope, t: Texts) -> str:
    """What was erased, and which versions have learned it."""
    sentences = [t("my_corrections_deleted")]
    if scope.others:
        sentences.append(t("my_corrections_deleted_others", count=len(scope.others)))
    if scope.versions:
        sentences.append(t("my_corrections_deleted_versions", versions=t("and").join(scope.versions)))
    return " ".join(sentences)


# Receipts


def valid_receipts(stored: object) -> list[str]:
    """The receipts in what a browser sent, which may be anything."""
    items = stored if isinstance(stored, list) else []
    return [item for item in items if isinstance(item, str) and re.fullmatch(ID, item)][-MAX_MY_CORRECTIONS:]


def with_session(stored: object, recent: Recent) -> list[str]:
    """The browser's receipts and those of its session, without duplicates, newest last."""
    session = [entry.receipt for entry in recent.newest_first()[::-1] if entry.receipt]
    return valid_receipts(list(dict.fromkeys(valid_receipts(stored) + session)))


def browser_receipts() -> gr.BrowserState:
    """The receipts stored in the browser. Create it outside the tabs: inside, it works only once its tab was opened.

    Receipts are no secret: with one, anyone can look up what happened to a correction, but not its text.
    """
    return gr.BrowserState([], storage_key="attune-receipts", secret="attune")


class MyCorrectionsTab:
    """The tab's components and event handlers."""

    def __init__(self, application: Application, desk: DeskEvents, receipts: gr.BrowserState):
        self.application, self.desk, self.receipts = application, desk, receipts
        with gr.Column(elem_id="my-corrections", min_width=0):
            self.notice = html(elem_id="my-corrections-notice")
            self.list = html(elem_id="my-corrections-list", js_on_load=SELECT_BUTTON)
        self._outputs = [self.receipts, self.notice, self.list]
        self._event = partial(on, inputs=[self.receipts, desk.recent], js=MERGE_RECEIPTS)
        stored = desk.on_stored(self.on_stored, [self.receipts, desk.recent], [self.receipts], MERGE_RECEIPTS)
        stored.then(None, [self.receipts], js=MERGE_RECEIPTS)
        self._event([self.list.select], self.on_erase, outputs=self._outputs + desk.components)

    def load_on(self, *events: Callable[..., Any]) -> None:
        """Show the list whenever one of these events occurs."""
        self._event(list(events), self.on_list, outputs=self._outputs)

    # Event handlers. They return the components that change.

    def on_stored(self, stored: object, recent: Recent) -> list[str]:
        """Keep the receipt of new feedback in the browser."""
        return with_session(stored, recent)

    def on_list(self, stored: object, recent: Recent, request: gr.Request) -> Update:
        return {self.notice: ""} | self._show(with_session(stored, recent), request)

    def on_erase(self, stored: object, recent: Recent, request: gr.Request, event: gr.EventData) -> Update:
        t, id = language_of(request), str(event_data(event).get("erase"))
        page: Update = {}
        try:
            scope = self.application.erase_my_correction(feedback_id=id, actor=desk_actor(self.application, request))
        except Locked:
            return {self.notice: cards.problem(t("my_corrections_locked"))}
        except NotFound:
            notice = cards.problem(t("my_corrections_gone"))
        except AttuneError:
            return {self.notice: cards.problem(t("my_corrections_unavailable"))}
        else:
            notice, page = cards.done(deleted(scope, t)), self.desk.forget(recent, id, t)
        receipts = [receipt for receipt in with_session(stored, recent) if receipt != id]
        return page | self._show(receipts, request) | {self.notice: notice}

    def _show(self, receipts: list[str], request: gr.Request) -> Update:
        t = language_of(request)
        try:
            actor = desk_actor(self.application, request)
            content = corrections(self.application.my_corrections(actor=actor, ids=receipts), t)
        except AttuneError:
            return {self.notice: cards.problem(t("my_corrections_unavailable"))}
        return {self.receipts: receipts, self.list: content}
