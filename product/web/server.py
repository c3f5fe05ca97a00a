"""The pages mounted on the REST routes, served on one port until somebody says stop."""

import signal
from contextlib import suppress

import gradio as gr
import uvicorn
from fastapi import FastAPI, HTTPException
from gradio.state_holder import SessionState, StateHolder
from starlette.routing import Route

from product.sentiment import MAX_CHARACTERS, AttuneError
from product.service import Application
from product.web.api import build_api
from product.web.ui.page import build_page, look

MAX_EVENT = 1024 * 1024
"""Bytes in one event of a page: far over the longest message, so that its own check can say what is allowed."""
STOPPING = 5
"""Seconds that an answer under way may take once the server stops."""
CLOSED = ("upload", "upload_progress", "deep_link", "process_recording")
"""Gradio's ways to put files or a session's content on the disk, which no page here needs."""


class CannotServe(AttuneError):
    """The server did not come up."""


def build_app(application: Application) -> FastAPI:
    """REST and pages, on one port."""
    return mount_page(build_api(application), build_page(application))


def mount_page(api: FastAPI, page: gr.Blocks) -> FastAPI:
    """Mount a page on "/" with what Gradio leaves open closed. Routes added to `api` later are never reached."""
    for name in CLOSED:
        api.router.routes.append(Route(f"/gradio_api/{name}", _nothing_here, methods=["GET", "POST"]))
    api.add_middleware(EventLimit)
    app = gr.mount_gradio_app(
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
        **look(),
    )
    # Gradio checks file paths that a request names only for pages it believes to be launched, and mounting leaves
    # that out: without this a request could have any file of the server opened.
    page.has_launched = True
    mounted = app.routes[-1].app
    mounted.state_holder = ForgetfulSessions()
    mounted.state_holder.set_blocks(page)
    return app


class ForgetfulSessions(StateHolder):
    """Sessions without the last value of every field, which Gradio remembers for deep links: here they are closed, and
    a message would stay in memory as it was typed, before redaction."""

    def __getitem__(self, session_id: str) -> SessionState:
        session = super().__getitem__(session_id)
        session._update_value_in_config = _forget
        return session


def _forget(_component: int, _value: object) -> None:
    pass


def serve(application: Application) -> None:
    """Answer until SIGINT or SIGTERM; then finish what is under way and return. Raises CannotServe."""
    settings = application.settings
    app = build_app(application)
    config = uvicorn.Config(
        app, host=settings.host, port=settings.server_port, log_level="warning", timeout_graceful_shutdown=STOPPING
    )
    # Once it has stopped, uvicorn raises the signal again, and by default SIGTERM would end the process on the spot.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    server = Server(config)
    with suppress(KeyboardInterrupt):
        server.run()
    if not server.started:
        raise CannotServe(f"Attune could not start on {settings.host}:{settings.server_port}; the log has the reason.")


class Server(uvicorn.Server):
    """Says where it is, and ends the streams that open pages keep before it waits for answers under way."""

    async def startup(self, sockets=None) -> None:
        await super().startup(sockets=sockets)
        if self.started:
            print(f"Attune is at http://{self.config.host}:{self.config.port}", flush=True)

    async def shutdown(self, sockets=None) -> None:
        for route in self.config.app.routes:
            stop = getattr(getattr(route, "app", None), "stop_event", None)
            if stop is not None:
                stop.set()
        await super().shutdown(sockets=sockets)


async def _nothing_here(_request):
    raise HTTPException(404, "path: there is nothing here.")


class EventLimit:
    """Refuses a page's event of more than MAX_EVENT bytes before it is held in memory."""

    def __init__(self, app):
        self.app = app

    async def __call__(self, scope, receive, send):
        if scope["type"] != "http" or not scope["path"].startswith("/gradio_api/"):
            return await self.app(scope, receive, send)
        taken = 0

        async def limited():
            nonlocal taken
            message = await receive()
            taken += len(message.get("body", b""))
            if taken > MAX_EVENT:
                raise HTTPException(413, f"message: at most {MAX_CHARACTERS:,} characters, this is far more.")
            return message

        await self.app(scope, limited, send)
