"""The faults in action: a layer around the application that does what a fault script says."""

from __future__ import annotations

import asyncio
import json
import time
from email.utils import formatdate
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, assert_never

from starlette.responses import Response

from fbsync.sandbox.caught_answer import CaughtAnswer, read_body, replayed
from fbsync.sandbox.fault_rules import Asked, FaultRules
from fbsync.sandbox.fault_script import (
    AnswerStatus,
    ExpireTokens,
    LateListing,
    ProcessThenDrop,
    ProcessThenStatus,
    Refuse,
    Slow,
    Throttle,
    Torn,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from starlette.types import ASGIApp, Receive, Scope, Send

    from fbsync.sandbox.caught_answer import Process
    from fbsync.sandbox.fault_script import Deciding, FaultScript
    from fbsync.sandbox.http_connections import HttpConnections
    from fbsync.sandbox.state import State


class FaultLayer:
    """Does what a fault script says to the requests on their way to the application.

    Args:
        app: the application.
        script: the script.
        state: the sandbox's records.
        connections: the open connections.
    """

    def __init__(self, app: ASGIApp, *, script: FaultScript, state: State, connections: HttpConnections) -> None:
        self._app = app
        self._rules = FaultRules(script)
        self._state = state
        self._connections = connections

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Runs a request, with its faults."""
        body = await read_body(receive)
        due = self._rules.due(self._asked(scope, body))
        if any(isinstance(action, ExpireTokens) for action in due.aside):
            self._state.accounts.expire_access_tokens()

        async def process() -> CaughtAnswer:
            answer = CaughtAnswer()
            await self._app(scope, replayed(body, receive), answer.catch)
            for action in due.aside:
                if isinstance(action, LateListing):
                    self._hide_created(scope, answer, calls=action.calls)
            return answer

        request = _Request(process=process, connections=self._connections, scope=scope, receive=receive, send=send)
        await request.suffer(due.deciding)

    def _asked(self, scope: Scope, body: bytes) -> Asked:
        path = scope["path"]
        names = {_name_in(body), self._state.llms.name_of(_id_in(path))} if self._rules.ask_for_names else set()
        return Asked(method=scope["method"], path=path, names=frozenset(name for name in names if name is not None))

    def _hide_created(self, scope: Scope, answer: CaughtAnswer, *, calls: int) -> None:
        if (scope["method"], scope["path"], answer.status) == ("POST", "/ai/llm", 200):
            self._state.lag.hide(json.loads(answer.body)["aiLlmId"], calls=calls)


def _name_in(body: bytes) -> str | None:
    """The configuration's name in a request's body, if there is one."""
    try:
        name = json.loads(body)["name"]
    except (ValueError, TypeError, KeyError, RecursionError):
        return None
    return name if isinstance(name, str) else None


def _id_in(path: str) -> str:
    """What stands in the place of a configuration's id in a path."""
    return path.removeprefix("/ai/llm/").partition("/")[0]


class _Request:
    """A request with a fault to suffer."""

    def __init__(
        self, *, process: Process, connections: HttpConnections, scope: Scope, receive: Receive, send: Send
    ) -> None:
        self._process = process
        self._connections = connections
        self._scope = scope
        self._receive = receive
        self._send = send

    async def suffer(self, action: Deciding | None) -> None:
        """Answers the request as the action says, or as it should be where there is none."""
        match action:
            case None:
                await (await self._process()).send(self._send)
            case Refuse():
                await self._drop()
            case AnswerStatus():
                await self._answer(action.status, action.body, action.headers)
            case Throttle():
                await self._answer(action.status, None, _retry_after(action))
            case ProcessThenDrop():
                await self._process()
                await self._drop()
            case ProcessThenStatus():
                await self._process()
                await self._answer(_status(action), action.body, action.headers)
            case Torn():
                await self._tear(action)
            case Slow():
                await self._linger(action)
            case _:
                assert_never(action)

    async def _drop(self) -> None:
        self._connections.reset(self._scope)
        await self._receive()  # ends with the connection: to return earlier would be an error of ours

    async def _answer(self, status: int, body: Any, headers: Mapping[str, str]) -> None:  # noqa: ANN401 - any JSON
        if body is None:
            body = {"success": status < HTTPStatus.BAD_REQUEST, "message": f"Status {status}, as the fault script says"}
        if isinstance(body, str):
            kind = "text/html" if body.lstrip().startswith("<") else "text/plain"
            content = body
        else:
            kind, content = "application/json", json.dumps(body)
        response = Response(content, status_code=status, media_type=kind)
        response.headers.update(headers)
        await response(self._scope, self._receive, self._send)

    async def _tear(self, action: Torn) -> None:
        answer = await self._process()
        whole = len(answer.body)
        kept = min(whole, whole // 2 if action.bytes is None else action.bytes)
        answer.body = answer.body[:kept]
        await answer.send(self._send, announced=whole if action.length == "full" else kept)
        if action.length == "full":
            self._connections.close(self._scope)
            await self._receive()

    async def _linger(self, action: Slow) -> None:
        await asyncio.sleep(action.before / 1000)
        answer = await self._process()
        await asyncio.sleep(action.after / 1000)
        await answer.send(self._send, over=action.dribble / 1000)


def _status(action: ProcessThenStatus) -> int:
    _, _, named = action.type.rpartition("-")
    return int(named) if named.isdigit() else action.status


def _retry_after(action: Throttle) -> dict[str, str]:
    match action.form:
        case "seconds":
            return {"Retry-After": str(action.retry_after)}
        case "date":
            return {"Retry-After": formatdate(time.time() + action.retry_after, usegmt=True)}
        case "none":
            return {}
        case _:
            assert_never(action.form)
