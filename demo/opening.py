"""What the page shows while Gradio still starts: markup of our own in the HTML that Gradio serves."""

from __future__ import annotations

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

_HEAD, _BODY = b"</head>", b"<gradio-app"  # what the two are put before


class Opening:
    """Puts markup into the head and the body of the page itself.

    Gradio's own `head` comes with its script, a second later where a browser is slow.
    """

    def __init__(self, app: ASGIApp, head: str, body: str) -> None:
        self._app, self._head, self._body = app, head.encode(), body.encode()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request, as ASGI has it."""
        if scope["type"] != "http" or scope["method"] != "GET" or scope["path"] != scope.get("root_path", "") + "/":
            return await self._app(scope, receive, send)
        start: Message = {}
        parts: list[bytes] = []

        async def collect(message: Message) -> None:
            if message["type"] == "http.response.start":
                start.update(message)
                return
            parts.append(message.get("body", b""))
            if message.get("more_body"):
                return
            html = b"".join(parts).replace(_HEAD, self._head + _HEAD, 1).replace(_BODY, self._body + _BODY, 1)
            MutableHeaders(scope=start)["content-length"] = str(len(html))
            await send(start)
            await send({"type": "http.response.body", "body": html})

        await self._app(scope, receive, collect)
