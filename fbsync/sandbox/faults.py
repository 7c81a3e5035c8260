"""The layer around the application that carries out a fault script."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

from fbsync.sandbox.caught_answer import CaughtAnswer, gone, read_body, replayed
from fbsync.sandbox.echoes import SeenSecrets
from fbsync.sandbox.effects import Effects
from fbsync.sandbox.fault_effects import ExpireTokens
from fbsync.sandbox.fault_rules import Asked, FaultRules
from fbsync.sandbox.faulty_answers import FaultyAnswers
from fbsync.sandbox.late_requests import LateRequests
from fbsync.sandbox.llm_lookup import LlmLookup
from fbsync.sandbox.request_refused import RequestRefused
from fbsync.sandbox.seen_request import see

if TYPE_CHECKING:
    from collections.abc import Iterable

    from starlette.types import ASGIApp, Receive, Scope, Send

    from fbsync.sandbox.fault_actions import ProcessLater
    from fbsync.sandbox.fault_effects import Effect
    from fbsync.sandbox.fault_script import FaultScript
    from fbsync.sandbox.http_connections import HttpConnections
    from fbsync.sandbox.seen_request import SeenRequest
    from fbsync.sandbox.state import State


class FaultLayer:
    """Applies a fault script to requests before the application gets them.

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
        self._effects = Effects(state)
        self._late = LateRequests()
        self._lookup = LlmLookup(state.database)
        self._secrets = SeenSecrets()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Run a request, with its faults."""
        request = see(scope, await read_body(receive))
        await self._late.arrive()
        due = self._rules.due(self._asked(request))
        if any(isinstance(effect, ExpireTokens) for effect in due.effects):
            self._state.sessions.expire_access_tokens()

        async def process() -> CaughtAnswer:
            return await self._process(request, due.effects, receive)

        def put_off(action: ProcessLater) -> None:
            self._put_off(request, due.effects, action)

        answers = FaultyAnswers(
            request=request,
            process=process,
            put_off=put_off,
            secrets=self._secrets,
            connections=self._connections,
            receive=receive,
            send=send,
        )
        await answers.give(due.deciding)

    def _asked(self, request: SeenRequest) -> Asked:
        names: list[object] = []
        if self._rules.ask_for_names:
            names = [request.fields.get("name"), self._lookup.name_of(request.llm_id)]
        known = frozenset(name for name in names if isinstance(name, str))
        return Asked(method=request.method, path=request.path, names=known)

    async def _process(self, request: SeenRequest, effects: Iterable[Effect], receive: Receive) -> CaughtAnswer:
        async def application(changed: SeenRequest) -> CaughtAnswer:
            answer = CaughtAnswer()
            await self._app(changed.scope, replayed(changed.body, receive), answer.catch)
            if self._rules.keep_secrets and answer.is_success:
                self._secrets.note(changed, answer.fields.get("aiLlmId", ""))
            return answer

        return await self._effects.run(request, effects, application)

    def _put_off(self, request: SeenRequest, effects: Iterable[Effect], action: ProcessLater) -> None:
        """Process a request later, as the present caller, because the token may have expired by then."""
        with suppress(RequestRefused):  # It will be refused later, too.
            request = request.of(self._state.accounts.caller(request.token))

        async def process() -> CaughtAnswer:
            return await self._process(request, effects, gone)

        self._late.put(process, action)
