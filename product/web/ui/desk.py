"""The Desk: read a customer's message, see what the model makes of it, say whether that is right."""

from collections.abc import Callable, Sequence
from functools import partial

import gradio as gr
from gradio.events import Dependency

from product.privacy.redact import redact_for_storage
from product.sentiment import LABELS, MAX_CHARACTERS, InvalidInput, NotFound, Prediction, StorageUnavailable
from product.sentiment import AttuneError as Refusal
from product.service import Application
from product.texts import Texts, choose_language, texts
from product.validation import MAX_COMMENT
from product.web.ui import cards
from product.web.ui.recent import Entry, Recent

EXAMPLES = ("angry", "question", "polite", "thanks", "praise")
AT_ONCE = 16
"""Events of one kind that are worked on together; by default there would be one, for all people."""

# The list is plain HTML, so it tells which of its rows was clicked.
PICK_ROW = """
element.addEventListener('click', event => {
  const row = event.target.closest('[data-key]');
  if (row) trigger('select', {key: row.dataset.key});
});
"""

# "Yes" goes once it is clicked; whoever pressed it by keyboard goes on from the label that was stored.
KEEP_FOCUS = """
() => {
  if (document.activeElement === document.body) document.querySelector('#labels .chosen')?.focus();
}
"""

html = partial(gr.HTML, apply_default_css=False)


# What the handlers do, without the page around it.


def read_message(application: Application, message: object, say: Texts) -> Prediction:
    """Raises InvalidInput and others of its kind, in the reader's language."""
    text = message if isinstance(message, str) else ""
    if not text.strip():
        raise InvalidInput(say("message_empty", limit=f"{MAX_CHARACTERS:,}"))
    if len(text) > MAX_CHARACTERS:
        raise InvalidInput(say("message_too_long", length=f"{len(text):,}", limit=f"{MAX_CHARACTERS:,}"))
    try:
        return application.predict([text])[0]
    except InvalidInput:
        raise InvalidInput(say("message_broken")) from None
    except Refusal:
        raise Refusal(say("no_model")) from None


def correct_entry(
    application: Application, entry: Entry, label: str, *, actor: Callable[[], str], comment: object, say: Texts
) -> None:
    """Store a person's word and note it in the entry. Raises InvalidInput and others, in the reader's language."""
    comment = comment.strip() if isinstance(comment, str) else ""
    if len(comment) > MAX_COMMENT:
        raise InvalidInput(say("comment_too_long", length=f"{len(comment):,}", limit=f"{MAX_COMMENT:,}"))
    try:
        receipt, status = application.correct(
            prediction_id=entry.prediction.id or "", label=label, actor=actor(), comment=comment
        )
    except StorageUnavailable:
        raise StorageUnavailable(say("not_stored")) from None
    except NotFound:
        raise NotFound(say("gone")) from None
    # A session remembers no more of a person than the disk does.
    entry.given, entry.receipt, entry.status, entry.comment = label, receipt, status, redact_for_storage(comment)


def desk_actor(application: Application, request: gr.Request) -> str:
    """Who corrects at a desk without signing in: one actor for each client's address."""
    address = request.client.host if request.client else "unknown"
    return f"desk:{application.client_key(address)}"


def language_of(request: gr.Request) -> Texts:
    return texts(choose_language(request.headers.get("accept-language", "")))


class Desk:
    """The tab's components and its handlers. Nothing of a person is kept here: that is in the session's state."""

    def __init__(self, application: Application, translate: gr.I18n):
        self.application = application
        self.recent = gr.State(Recent())
        with gr.Row(elem_id="desk", equal_height=False):
            with gr.Column(elem_id="compose", min_width=0):
                self._build_compose(translate)
            with gr.Column(elem_id="answer", min_width=0):
                self._build_answer(translate)
            with gr.Column(elem_id="recent", min_width=0):
                self.list = html(js_on_load=PICK_ROW)
        self._wire()

    def _build_compose(self, translate: gr.I18n) -> None:
        self.message = gr.Textbox(
            label=translate("message_label"),
            placeholder=translate("message_placeholder"),
            info=translate("message_rule"),
            lines=5,
            max_lines=10,
            autofocus=True,
            elem_id="message",
        )
        self.problem = html(elem_id="problem")
        self.read = gr.Button(translate("read_button"), variant="primary", elem_id="read")
        gr.Markdown(translate("examples_title"), elem_classes="lead")
        with gr.Row(elem_id="examples"):
            self.examples = {
                name: gr.Button(translate(f"example_{name}"), size="sm", elem_id=f"try-{name}", min_width=0)
                for name in EXAMPLES
            }

    def _build_answer(self, translate: gr.I18n) -> None:
        self.result = html(elem_id="result")
        self.spoken = html(cards.spoken(""), elem_id="spoken")
        # What the browser has on show, sent along with a click: the answer a person saw is the one they judge.
        self.shown = gr.Textbox(visible="hidden", elem_id="shown")
        with gr.Column(visible=False, elem_id="judge", min_width=0) as self.judge:
            self.question = html(elem_id="question")
            self.yes = gr.Button(translate("yes_button"), variant="primary", elem_id="yes")
            self.lead = gr.Markdown(translate("no_lead"), elem_classes="lead")
            with gr.Row(elem_id="labels"):
                self.labels = {
                    label: gr.Button(translate(label), elem_id=f"say-{label}", elem_classes=label, min_width=0)
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
        everything = self.everything = [
            self.result,
            self.spoken,
            self.shown,
            self.judge,
            self.question,
            self.yes,
            self.lead,
        ]
        everything += [*self.labels.values(), self.outcome, self.comment, self.list, self.problem, self.message]
        event = partial(
            gr.on, outputs=everything, show_progress="hidden", concurrency_limit=AT_ONCE, api_visibility="private"
        )
        event([self.read.click, self.message.submit], self.on_read, [self.message, self.recent])
        event([button.click for button in self.examples.values()], self.on_example, [self.recent])
        buttons = [self.yes, *self.labels.values()]
        judged = event([button.click for button in buttons], self.on_correct, [self.shown, self.comment, self.recent])
        judged.then(None, js=KEEP_FOCUS)
        self._judged = judged
        event([self.list.select], self.on_select, [self.recent])

    def then_stored(self, handler: Callable, inputs: list, outputs: list, js: str) -> Dependency:
        """Run another tab's handler whenever a word was given, on what `js` makes of its inputs."""
        return self._judged.then(
            handler,
            inputs,
            outputs,
            js=js,
            show_progress="hidden",
            concurrency_limit=AT_ONCE,
            api_visibility="private",
        )

    def forget(self, recent: Recent, receipt: str, say: Texts) -> dict:
        """The page after a correction was erased: nothing on show, and the message no longer listed."""
        recent.forget(receipt)
        return {
            self.problem: "",
            self.shown: "",
            self.message: "",
            self.result: cards.no_result(say),
            self.judge: gr.update(visible=False),
            self.list: cards.recent(recent.newest_first(), None, say),
        }

    # Handlers: they say what changes on the page.

    def on_open(self, request: gr.Request) -> dict:
        say = language_of(request)
        return {self.result: cards.no_result(say), self.list: cards.recent([], None, say)}

    def on_read(self, message: str, recent: Recent, request: gr.Request) -> dict:
        say = language_of(request)
        try:
            entry = recent.add(read_message(self.application, message, say))
        except Refusal as refusal:
            return {self.problem: cards.problem(str(refusal)), self.spoken: cards.spoken(str(refusal))}
        return self._show(entry, recent, say) | {self.spoken: cards.spoken(cards.spoken_result(entry.prediction, say))}

    def on_example(self, recent: Recent, request: gr.Request, event: gr.EventData) -> dict:
        say = language_of(request)
        name = _chosen(event, "try-", EXAMPLES) or EXAMPLES[0]
        message = say(f"example_{name}_text")
        return {self.message: message} | self.on_read(message, recent, request)

    def on_correct(self, shown: str, comment: str, recent: Recent, request: gr.Request, event: gr.EventData) -> dict:
        say = language_of(request)
        entry = recent.get(shown)
        if entry is None:
            return self._not_stored(say("gone"))
        label = _chosen(event, "say-", LABELS) or entry.prediction.label
        try:
            actor = partial(desk_actor, self.application, request)
            correct_entry(self.application, entry, label, actor=actor, comment=comment, say=say)
        except Refusal as refusal:
            return self._not_stored(str(refusal))
        return self._show(entry, recent, say) | {self.spoken: cards.spoken(say("stored", label=say(label).lower()))}

    def on_select(self, recent: Recent, request: gr.Request, event: gr.EventData) -> dict:
        clicked = event._data if isinstance(event._data, dict) else {}
        entry = recent.get(str(clicked.get("key")))
        return self._show(entry, recent, language_of(request)) if entry else {self.problem: ""}

    def _not_stored(self, message: str) -> dict:
        return {self.outcome: cards.problem(message), self.spoken: cards.spoken(message)}

    def _show(self, entry: Entry, recent: Recent, say: Texts) -> dict:
        """The page with this entry on show."""
        storable, answered = entry.prediction.id is not None, bool(entry.given)
        return {
            self.problem: "",
            self.shown: entry.key,
            self.result: cards.result(entry.prediction, say, self.application.languages),
            self.judge: gr.update(visible=True),
            self.question: cards.question(entry, say),
            self.yes: gr.update(visible=not answered, interactive=storable),
            self.lead: gr.update(visible=not answered),
            self.outcome: cards.outcome(entry, say),
            self.comment: gr.update(value=entry.comment, interactive=storable),
            self.list: cards.recent(recent.newest_first(), entry.key, say),
        } | {button: self._label_button(label, entry, say) for label, button in self.labels.items()}

    @staticmethod
    def _label_button(label: str, entry: Entry, say: Texts) -> dict:
        chosen = label == entry.given
        return gr.update(
            value=say("chosen", label=say(label)) if chosen else say(label),
            elem_classes=[label, "chosen"] if chosen else [label],
            interactive=entry.prediction.id is not None,
        )


def _chosen(event: gr.EventData, prefix: str, names: Sequence[str]) -> str | None:
    """Which button of a row was clicked: by its element id, as Gradio makes a button anew when it changes."""
    element = getattr(event.target, "elem_id", None) or ""
    return next((name for name in names if element == prefix + name), None)
