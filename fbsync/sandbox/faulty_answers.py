"""Give the answers of a fault script's deciding actions."""

from __future__ import annotations

import asyncio
import json
import time
from dataclasses import dataclass
from email.utils import formatdate
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, assert_never

from starlette.responses import HTMLResponse, JSONResponse, Response

from fbsync.sandbox.echoes import repeated
from fbsync.sandbox.fault_actions import (
    AnswerStatus,
    Echo,
    Flood,
    ProcessLater,
    ProcessThenDrop,
    ProcessThenStatus,
    ProxyPage,
    Refuse,
    Slow,
    Throttle,
    Torn,
)
from fbsync.sandbox.floods import flood

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from starlette.types import Receive, Send

    from fbsync.sandbox.caught_answer import Process
    from fbsync.sandbox.echoes import SeenSecrets
    from fbsync.sandbox.fault_actions import Deciding
    from fbsync.sandbox.http_connections import HttpConnections
    from fbsync.sandbox.seen_request import SeenRequest

_PAGE = (
    "<!DOCTYPE html>\n<html><head><title>{status} {phrase}</title></head>\n"
    "<body><center><h1>{status} {phrase}</h1></center><hr><center>proxy</center><p>{words}</p></body></html>\n"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class FaultyAnswers:
    """Answers a request.

    Attributes:
        request: the request.
        process: processes the request, and returns its true answer.
        put_off: has the request processed later.
        secrets: the secrets that were sent.
        connections: the open connections.
        receive, send: receive messages from the client and send them to it.
    """

    request: SeenRequest
    process: Process
    put_off: Callable[[ProcessLater], None]
    secrets: SeenSecrets
    connections: HttpConnections
    receive: Receive
    send: Send

    async def give(self, action: Deciding | None) -> None:
        """Answer as the action says, or with the true answer if there is none."""
        match action:
            case None:
                await (await self.process()).send(self.send)
            case Refuse():
                await self._drop()
            case AnswerStatus():
                await self._answer(action.status, action.body, action.headers)
            case Throttle():
                await self._answer(action.status, None, _retry_after(action))
            case ProcessThenDrop() | ProcessThenStatus() | ProxyPage() | Flood():
                await self._process_then(action)
            case ProcessLater():
                await self._process_later(action)
            case Echo():
                await self._echo(action)
            case Torn():
                await self._tear(action)
            case Slow():
                await self._linger(action)
            case _:
                assert_never(action)

    async def _process_then(self, action: ProcessThenDrop | ProcessThenStatus | ProxyPage | Flood) -> None:
        if isinstance(action, ProcessThenDrop | ProcessThenStatus) or action.processed:
            await self.process()
        match action:
            case ProcessThenDrop():
                await self._drop()
            case ProcessThenStatus():
                await self._answer(_status_after(action), action.body, action.headers)
            case ProxyPage():
                await self._respond(_page_answer(action.status))
            case Flood():
                await self._respond(flood(action))
            case _:
                assert_never(action)

    async def _process_later(self, action: ProcessLater) -> None:
        self.put_off(action)
        match action.answer:
            case "drop":
                await self._drop()
            case "status":
                await self._answer(action.status, None, {})
            case "hang":
                await self.receive()  # Ends when the client goes away.
            case _:
                assert_never(action.answer)

    async def _echo(self, action: Echo) -> None:
        value = repeated(self.request, action, self.secrets)
        if value is None:
            await self.give(None)
            return
        if action.processed:
            await self.process()
        words = f"Incorrect credential provided: {value}. Check it and try again."
        body = {"success": False, "message": words}
        page = _page_answer(action.status, words)
        await self._respond(page if action.page else JSONResponse(body, status_code=action.status))

    async def _drop(self) -> None:
        self.connections.reset(self.request.scope)
        await self.receive()  # Ends with the connection. Returning earlier would count as an error of the application.

    async def _answer(self, status: int, body: Any, headers: Mapping[str, str]) -> None:  # noqa: ANN401 - any JSON
        if body is None:
            body = {"success": status < HTTPStatus.BAD_REQUEST, "message": f"Status {status}, from the fault script"}
        if isinstance(body, str):
            kind = "text/html" if body.lstrip().startswith("<") else "text/plain"
            content = body
        else:
            kind, content = "application/json", json.dumps(body)
        response = Response("" if status == HTTPStatus.NO_CONTENT else content, status_code=status, media_type=kind)
        response.headers.update(headers)
        await self._respond(response)

    async def _respond(self, response: Response) -> None:
        await response(self.request.scope, self.receive, self.send)

    async def _tear(self, action: Torn) -> None:
        answer = await self.process()
        whole = len(answer.body)
        kept = min(whole, whole // 2 if action.bytes is None else action.bytes)
        answer.body = answer.body[:kept]
        await answer.send(self.send, announced=whole if action.length == "full" else kept)
        if action.length == "full":
            self.connections.close(self.request.scope)
            await self.receive()

    async def _linger(self, action: Slow) -> None:
        await asyncio.sleep(action.before / 1000)
        answer = await self.process()
        await asyncio.sleep(action.after / 1000)
        await answer.send(self.send, over=action.dribble / 1000)


def _page_answer(status: int, words: str = "") -> Response:
    try:
        phrase = HTTPStatus(status).phrase
    except ValueError:
        phrase = "Unknown"
    return HTMLResponse(_PAGE.format(status=status, phrase=phrase, words=words), status_code=status)


def _status_after(action: ProcessThenStatus) -> int:
    _, _, named = action.type.rpartition("-")
    return int(named) if named.isdigit() else action.status


def _retry_after(action: Throttle) -> dict[str, str]:
    if isinstance(action.retry_after, str):
        return {"Retry-After": action.retry_after}
    match action.form:
        case "seconds":
            return {"Retry-After": str(action.retry_after)}
        case "date":
            return {"Retry-After": formatdate(time.time() + action.retry_after, usegmt=True)}
        case "none":
            return {}
        case _:
            assert_never(action.form)
