"""Serves the REST API and the web pages on one port."""

import signal
from contextlib import suppress
from socket import socket
from typing import Any, NoReturn

import gradio as gr
import uvicorn
from fastapi import FastAPI, HTTPException, Request
from gradio.state_holder import SessionState, StateHolder
from starlette.routing import Route

from product.sentiment import AttuneError
from product.service import Application
from product.web.api import build_api
from product.web.limits import EventLimit
from product.web.ui.page import build_page, page_options

GRACEFUL_SHUTDOWN_SECONDS = 5
"""How long requests in progress may take once the server stops."""
DISABLED_ENDPOINTS = ("upload", "upload_progress", "deep_link", "process_recording")
"""Gradio endpoints that write files or session content to disk. No page needs them."""


class CannotServe(AttuneError):
    """The server did not start."""


def build_app(application: Application) -> FastAPI:
    """The REST API and the web pages in one app."""
    return mount_page(build_api(application), build_page(application))


def mount_page(api: FastAPI, page: gr.Blocks) -> FastAPI:
    """Mount a page on "/" with Gradio's unsafe defaults closed. Routes added to `api` afterwards are unreachable."""
    for name in DISABLED_ENDPOINTS:
        api.router.routes.append(Route(f"/gradio_api/{name}", _not_found, methods=["GET", "POST"]))
    api.add_middleware(EventLimit)
    app: FastAPI = gr.mount_gradio_app(
        api,
        page,
        path="/",
        ssr_mode=False,
        run_history=False,
        enable_monitoring=False,
        mcp_server=False,
        pwa=False,
        show_error=False,
        max_file_size=1,
        **page_options(),
    )
    # Gradio checks the file paths in a request only if the page has launched, and mounting does not set this. Without
    # it a request could read any file on the server.
    page.has_launched = True
    mounted: Any = app.routes[-1]
    sessions: StateHolder = ForgetfulSessions()  # type: ignore[no-untyped-call]
    sessions.set_blocks(page)
    mounted.app.state_holder = sessions
    return app


class ForgetfulSessions(StateHolder):
    """Sessions that do not remember the values of fields.

    Gradio keeps them for deep links, which are disabled here. They would hold messages as typed, before redaction.
    """

    def __getitem__(self, session_id: str) -> SessionState:
        session = super().__getitem__(session_id)
        session._update_value_in_config = _forget  # type: ignore[method-assign, assignment]
        return session


def _forget(_component: int, _value: object) -> None:
    pass


async def _not_found(_request: Request) -> NoReturn:
    raise HTTPException(404, "path: not found.")


def serve(application: Application) -> None:
    """Serve until SIGINT or SIGTERM, then finish the requests in progress and return. Raises CannotServe."""
    settings = application.settings
    config = uvicorn.Config(
        build_app(application),
        host=settings.host,
        port=settings.server_port,
        log_level="warning",
        timeout_graceful_shutdown=GRACEFUL_SHUTDOWN_SECONDS,
    )
    # uvicorn raises the signal again after its shutdown; by default SIGTERM would then kill the process.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    server = Server(config)
    with suppress(KeyboardInterrupt):
        server.run()
    if not server.started:
        raise CannotServe(f"Attune could not start on {settings.host}:{settings.server_port}; see the log.")


class Server(uvicorn.Server):
    """Prints its address when it is up, and closes the event streams of open pages when it shuts down."""

    async def startup(self, sockets: list[socket] | None = None) -> None:
        await super().startup(sockets=sockets)
        if self.started:
            print(f"Attune is at http://{self.config.host}:{self.config.port}", flush=True)

    async def shutdown(self, sockets: list[socket] | None = None) -> None:
        app: Any = self.config.app
        for route in app.routes:
            # Otherwise uvicorn waits for these streams until its timeout.
            stop: Any = getattr(getattr(route, "app", None), "stop_event", None)
            if stop is not None:
                stop.set()
        await super().shutdown(sockets=sockets)
