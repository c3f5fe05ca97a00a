"""Desk tab: analyse a customer's message, and correct or confirm the result."""

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import gradio as gr
from gradio.events import Dependency

from product.identity import Actor
from product.sentiment import (
    LABELS,
    MAX_CHARACTERS,
    AttuneError,
    InvalidInput,
    NotFound,
    Prediction,
    StorageUnavailable,
)
from product.service import Application
from product.texts import Texts
from product.validation import MAX_COMMENT
from product.web.ui import cards
from product.web.ui.session import Entry, Recent
from product.web.ui.shared import EVENT_OPTIONS, Update, desk_actor, event_data, html, language_of, on

EXAMPLES = ("angry", "question", "polite", "thanks", "praise")
EXAMPLE_ID, LABEL_ID = "example-", "label-"
"""Prefixes of the element ids of the example and label buttons."""

# The list is plain HTML, so its script reports which row was clicked.
SELECT_ROW = """
element.addEventListener('click', event => {
  const row = event.target.closest('[data-key]');
  if (row) trigger('select', {key: row.dataset.key});
});
"""

# The confirm button disappears when it is pressed. For keyboard users, move the focus to the stored label.
KEEP_FOCUS = """
() => {
  if (document.activeElement === document.body) document.querySelector('#labels .chosen')?.focus();
}
"""


# What the handlers do, independent of the page.


def read_message(application: Application, message: object, t: Texts) -> Prediction:
    """Predict one message and store it. Raises AttuneError with a text in the reader's language."""
    text = message if isinstance(message, str) else ""
    if not text.strip():
        raise InvalidInput(t("message_empty", limit=f"{MAX_CHARACTERS:,}"))
    if len(text) > MAX_CHARACTERS:
        raise InvalidInput(t("message_too_long", length=f"{len(text):,}", limit=f"{MAX_CHARACTERS:,}"))
    try:
        return application.predict([text])[0]
    except InvalidInput:
        raise InvalidInput(t("message_invalid")) from None
    except AttuneError:
        raise AttuneError(t("no_model")) from None


def correct_entry(
    application: Application, entry: Entry, label: str, *, actor: Callable[[], Actor], comment: object, t: Texts
) -> None:
    """Store the label and the comment as feedback, and note them in the entry.

    Raises InvalidInput, NotFound or StorageUnavailable with a text in the reader's language.
    """
    comment = comment.strip() if isinstance(comment, str) else ""
    if len(comment) > MAX_COMMENT:
        raise InvalidInput(t("comment_too_long", length=f"{len(comment):,}", limit=f"{MAX_COMMENT:,}"))
    try:
        stored = application.correct(
            prediction_id=entry.prediction.id or "", label=label, actor=actor(), comment=comment
        )
    except StorageUnavailable:
        raise StorageUnavailable(t("feedback_not_stored")) from None
    except NotFound:
        raise NotFound(t("message_gone")) from None
    entry.label, entry.receipt, entry.status, entry.comment = label, stored.feedback_id, stored.status, stored.comment


class DeskTab:
    """The tab's components and event handlers. Personal data lives in the session state, not here."""

    def __init__(self, application: Application, translate: gr.I18n):
        self.application = application
        self.recent = gr.State(Recent())
        with gr.Row(elem_id="desk", equal_height=False):
            with gr.Column(elem_id="compose", min_width=0):
                self._build_message(translate)
            with gr.Column(elem_id="answer", min_width=0):
                self._build_result(translate)
            with gr.Column(elem_id="recent", min_width=0):
                self.list = html(js_on_load=SELECT_ROW)
        self.components: list[Any] = [
            self.result, self.spoken, self.shown, self.feedback, self.question, self.confirm, self.correct_caption,
            *self.labels.values(), self.outcome, self.comment, self.list, self.problem, self.message,
        ]  # fmt: skip
        self._wire()

    def _build_message(self, translate: gr.I18n) -> None:
        self.message = gr.Textbox(
            label=translate("message_label"),
            placeholder=translate("message_placeholder"),
            info=translate("message_hint"),
            lines=5,
            max_lines=10,
            autofocus=True,
            elem_id="message",
        )
        self.problem = html(elem_id="problem")
        self.read = gr.Button(translate("read_button"), variant="primary", elem_id="read")
        gr.Markdown(translate("examples_title"), elem_classes="caption")
        with gr.Row(elem_id="examples"):
            self.examples = {
                name: gr.Button(translate(f"example_{name}"), size="sm", elem_id=EXAMPLE_ID + name, min_width=0)
                for name in EXAMPLES
            }

    def _build_result(self, translate: gr.I18n) -> None:
        self.result = html(elem_id="result")
        self.spoken = html(cards.spoken(""), elem_id="spoken")
        # The key of the entry on show in the browser. A click sends it, so feedback goes to the result on show.
        self.shown = gr.Textbox(visible="hidden", elem_id="shown")
        with gr.Column(visible=False, elem_id="feedback", min_width=0) as self.feedback:
            self.question = html(elem_id="question")
            self.confirm = gr.Button(translate("confirm_button"), variant="primary", elem_id="confirm")
            self.correct_caption = gr.Markdown(translate("correct_caption"), elem_classes="caption")
            with gr.Row(elem_id="labels"):
                self.labels = {
                    label: gr.Button(translate(label), elem_id=LABEL_ID + label, elem_classes=label, min_width=0)
                    for label in LABELS
                }
            self.outcome = html(elem_id="outcome")
            self.comment = gr.Textbox(
                label=translate("comment_label"),
                placeholder=translate("comment_placeholder"),
                lines=1,
                max_lines=3,
                elem_id="comment",
            )

    def _wire(self) -> None:
        event = partial(on, outputs=self.components)
        event([self.read.click, self.message.submit], self.on_read, [self.message, self.recent])
        event([button.click for button in self.examples.values()], self.on_example, [self.recent])
        clicks = [button.click for button in (self.confirm, *self.labels.values())]
        self._corrected = event(clicks, self.on_correct, [self.shown, self.comment, self.recent])
        self._corrected.then(None, js=KEEP_FOCUS)
        event([self.list.select], self.on_select, [self.recent])

    def on_stored(
        self, handler: Callable[..., Any], inputs: Sequence[Any], outputs: Sequence[Any], js: str
    ) -> Dependency:
        """Run another tab's handler after every feedback event, on the inputs as changed by `js`."""
        stored: Dependency = self._corrected.then(handler, inputs, outputs, js=js, **EVENT_OPTIONS)
        return stored

    def forget(self, recent: Recent, receipt: str, t: Texts) -> Update:
        """Clear the Desk after a correction was erased, and drop its message from the list."""
        recent.forget(receipt)
        return {
            self.problem: "",
            self.shown: "",
            self.message: "",
            self.result: cards.no_result(t),
            self.feedback: gr.update(visible=False),
            self.list: cards.recent(recent.newest_first(), None, t),
        }

    # Event handlers. They return the components that change.

    def on_open(self, request: gr.Request) -> Update:
        t = language_of(request)
        return {self.result: cards.no_result(t), self.list: cards.recent([], None, t)}

    def on_read(self, message: str, recent: Recent, request: gr.Request) -> Update:
        t = language_of(request)
        try:
            entry = recent.add(read_message(self.application, message, t))
        except AttuneError as error:
            return {self.problem: cards.problem(str(error)), self.spoken: cards.spoken(str(error))}
        return self._show(entry, recent, t) | {self.spoken: cards.spoken(cards.spoken_result(entry.prediction, t))}

    def on_example(self, recent: Recent, request: gr.Request, event: gr.EventData) -> Update:
        name = _clicked(event, EXAMPLE_ID, EXAMPLES) or EXAMPLES[0]
        message = language_of(request)(f"example_{name}_text")
        return {self.message: message} | self.on_read(message, recent, request)

    def on_correct(self, shown: str, comment: str, recent: Recent, request: gr.Request, event: gr.EventData) -> Update:
        t = language_of(request)
        entry = recent.get(shown)
        if entry is None:
            return self._not_stored(t("message_gone"))
        label = _clicked(event, LABEL_ID, LABELS) or entry.prediction.label
        try:
            actor = partial(desk_actor, self.application, request)
            correct_entry(self.application, entry, label, actor=actor, comment=comment, t=t)
        except AttuneError as error:
            return self._not_stored(str(error))
        return self._show(entry, recent, t) | {self.spoken: cards.spoken(t("stored", label=t(label).lower()))}

    def on_select(self, recent: Recent, request: gr.Request, event: gr.EventData) -> Update:
        entry = recent.get(str(event_data(event).get("key")))
        return self._show(entry, recent, language_of(request)) if entry else {self.problem: ""}

    def _not_stored(self, message: str) -> Update:
        return {self.outcome: cards.problem(message), self.spoken: cards.spoken(message)}

    def _show(self, entry: Entry, recent: Recent, t: Texts) -> Update:
        """Show this entry on the page."""
        storable, corrected = entry.prediction.id is not None, bool(entry.label)
        return {
            self.problem: "",
            self.shown: entry.key,
            self.result: cards.result(entry.prediction, t, self.application.languages),
            self.feedback: gr.update(visible=True),
            self.question: cards.question(entry, t),
            self.confirm: gr.update(visible=not corrected, interactive=storable),
            self.correct_caption: gr.update(visible=not corrected),
            self.outcome: cards.outcome(entry, t),
            self.comment: gr.update(value=entry.comment, interactive=storable),
            self.list: cards.recent(recent.newest_first(), entry.key, t),
        } | {button: self._label_button(label, entry, t) for label, button in self.labels.items()}

    @staticmethod
    def _label_button(label: str, entry: Entry, t: Texts) -> Update:
        chosen = label == entry.label
        return gr.update(
            value=t("chosen", label=t(label)) if chosen else t(label),
            elem_classes=[label, "chosen"] if chosen else [label],
            interactive=entry.prediction.id is not None,
        )


def _clicked(event: gr.EventData, prefix: str, names: Sequence[str]) -> str | None:
    """The name of the clicked button, by its element id: Gradio replaces a button's Python object when it changes."""
    element = getattr(event.target, "elem_id", None) or ""
    return next((name for name in names if element == prefix + name), None)
