"""Apply the effects of a fault script, to a request before the application gets it and to its true answer."""

from __future__ import annotations

from dataclasses import dataclass
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, assert_never

from fbsync.sandbox.caught_answer import CaughtAnswer
from fbsync.sandbox.fault_effects import (
    FoldNames,
    LateListing,
    Normalize,
    OddIds,
    Reshape,
    Rewrite,
    Rows,
    ShortList,
    StaleList,
    Tombstone,
)
from fbsync.sandbox.list_memory import ListMemory
from fbsync.sandbox.list_rewrites import change_rows, shorten
from fbsync.sandbox.llm_lookup import LlmLookup
from fbsync.sandbox.llms import name_taken
from fbsync.sandbox.odd_ids import IdChanger
from fbsync.sandbox.spelling import folded, respelled

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterable, Mapping

    from fbsync.sandbox.fault_effects import Effect
    from fbsync.sandbox.seen_request import SeenRequest
    from fbsync.sandbox.state import State

    Application = Callable[[SeenRequest], Awaitable[CaughtAnswer]]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Done:
    """A completed request: the id in its true answer, and the row that it deleted."""

    request: SeenRequest
    llm_id: str | None
    deleted: Mapping[str, Any] | None


class Effects:
    """Changes requests and answers as the due effects say."""

    def __init__(self, state: State) -> None:
        self._state = state
        self._lookup = LlmLookup(state.database)
        self._ids = IdChanger(self._lookup)
        self._lists = ListMemory()

    async def run(self, request: SeenRequest, effects: Iterable[Effect], application: Application) -> CaughtAnswer:
        """Run a request with its effects, and return the application's answer after them."""
        effects = tuple(effects)
        for effect in effects:
            request = self._before(request, effect)
        if any(isinstance(effect, FoldNames) for effect in effects) and self._is_taken(request):
            refusal = name_taken()
            return CaughtAnswer(status=refusal.status, json_body=refusal.envelope)
        deleted = self._state.llms.as_listed(request.llm_id) if request.method == "DELETE" else None
        answer = await application(request)
        if request.is_llm_list and answer.is_success:
            self._show(request, answer)
        done = _Done(request=request, llm_id=answer.fields.get("aiLlmId"), deleted=deleted)
        for effect in effects if answer.is_success else ():
            self._note(done, effect)
            if isinstance(effect, Rewrite):
                self._rewrite(request, answer, effect)
        return answer

    def _before(self, request: SeenRequest, effect: Effect) -> SeenRequest:
        match effect:
            case Normalize() if request.fields:
                return request.with_fields(respelled(request.fields, effect.what))
            case OddIds():
                return self._ids.true(request, effect)
            case _:
                return request

    def _note(self, done: _Done, effect: Effect) -> None:
        """Apply what an effect does to the database and to later lists."""
        match effect:
            case Normalize() if done.llm_id is not None and "type" in effect.what:
                self._lookup.lower_type(done.llm_id)
            case LateListing() if done.llm_id is not None and done.request.is_creation:
                self._lists.hide(done.llm_id, calls=effect.calls)
            case Tombstone() if done.deleted is not None:
                self._lists.bury(done.deleted, deleted_at=self._state.clock.now())
            case _:
                pass

    def _rewrite(self, request: SeenRequest, answer: CaughtAnswer, effect: Rewrite) -> None:
        match effect:
            case Reshape():
                _reshape(answer, effect)
            case OddIds():
                self._ids.change(request, answer, effect)
            case Rows():
                change_rows(answer, effect)
            case ShortList():
                shorten(answer, effect)
            case StaleList():
                answer.body = self._lists.stale(effect, request, answer.body)
            case _:
                assert_never(effect)

    def _show(self, request: SeenRequest, answer: CaughtAnswer) -> None:
        fields = answer.fields
        rows = self._lists.shown(fields["aiLlms"], workspace_id=request.workspace_id)
        answer.put_fields(fields | {"aiLlms": rows})

    def _is_taken(self, request: SeenRequest) -> bool:
        name = request.fields.get("name")
        if not isinstance(name, str) or request.method not in {"POST", "PUT"}:
            return False
        workspace = request.fields.get("workspaceId") or self._lookup.workspace_of(request.llm_id)
        taken = self._lookup.names(str(workspace), but=request.llm_id)
        return folded(name) in map(folded, taken)


def _reshape(answer: CaughtAnswer, effect: Reshape) -> None:
    fields = {name: value for name, value in (answer.fields | dict(effect.set)).items() if name not in effect.remove}
    answer.put_fields(fields)
    answer.status = effect.status or answer.status
    if effect.empty or answer.status == HTTPStatus.NO_CONTENT:
        answer.body = b""
