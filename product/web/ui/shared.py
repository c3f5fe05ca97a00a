"""What the tabs share: components, event options, and what a request says about its sender."""

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, Protocol

import gradio as gr
from gradio.events import Dependency

from product.identity import Actor, ActorKind
from product.service import Application
from product.texts import Texts, choose_language, texts
from product.web.ui.session import Recent

MAX_CONCURRENT_EVENTS = 16
"""Events of one kind handled at once, over all sessions. Gradio's default is 1."""
EVENT_OPTIONS: dict[str, Any] = {
    "show_progress": "hidden",
    "concurrency_limit": MAX_CONCURRENT_EVENTS,
    "api_visibility": "private",
}
"""The options of every event on the page."""

Update = dict[Any, Any]
"""New values by component, as a handler returns them."""

html = partial(gr.HTML, apply_default_css=False)
on = partial(gr.on, **EVENT_OPTIONS)


class DeskEvents(Protocol):
    """What the My corrections tab needs from the Desk."""

    recent: gr.State
    components: list[Any]
    """Every component that the Desk's handlers update."""

    def on_stored(
        self, handler: Callable[..., Any], inputs: Sequence[Any], outputs: Sequence[Any], js: str
    ) -> Dependency:
        """Run a handler after every feedback event, on the inputs as changed by `js`."""

    def forget(self, recent: Recent, receipt: str, t: Texts) -> Update:
        """Clear the Desk after a correction was erased."""


def language_of(request: gr.Request) -> Texts:
    """The texts in the language that the request's browser prefers."""
    return texts(choose_language(request.headers.get("accept-language", "")))


def address_of(request: gr.Request) -> str:
    return request.client.host if request.client else "unknown"


def desk_actor(application: Application, request: gr.Request) -> Actor:
    """Who corrects at the Desk without signing in: one actor per client address."""
    return Actor(ActorKind.client, key=application.client_key(address_of(request)))


def event_data(event: gr.EventData) -> dict[str, Any]:
    """What the JavaScript of an HTML component sent with its event. A hand-made request may send anything."""
    return event._data if isinstance(event._data, dict) else {}
