"""Limits on what the web pages may send."""

from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from product.sentiment import MAX_CHARACTERS

MAX_EVENT = 1024 * 1024
"""Bytes of one page event. Far above the longest message, so that the page itself can explain its limit."""


class EventLimit:
    """Middleware: refuses a page event of more than MAX_EVENT bytes before it is held in memory."""

    def __init__(self, app: ASGIApp):
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or not scope["path"].startswith("/gradio_api/"):
            return await self.app(scope, receive, send)
        received = 0

        async def limited() -> Message:
            nonlocal received
            message = await receive()
            received += len(message.get("body", b""))
            if received > MAX_EVENT:
                raise HTTPException(413, f"message: at most {MAX_CHARACTERS:,} characters; this is far longer.")
            return message

        await self.app(scope, limited, send)
