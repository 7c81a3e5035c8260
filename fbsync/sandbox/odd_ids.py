"""Unusual ids of configurations: numbers, the same id for all, or invalid ids."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from fbsync.sandbox.caught_answer import CaughtAnswer
    from fbsync.sandbox.fault_effects import OddIds
    from fbsync.sandbox.llm_lookup import LlmLookup
    from fbsync.sandbox.seen_request import SeenRequest

_FIXED: dict[str, Any] = {"dot": ".", "dot-dot": "..", "blank": " ", "null": None}
_LISTS = {"aiLlms": "id", "stats": "aiLlmId"}


class IdChanger:
    """Changes the ids in answers, and changes them back in paths."""

    def __init__(self, lookup: LlmLookup) -> None:
        self._lookup = lookup
        self._first: dict[int, Any] = {}

    def true(self, request: SeenRequest, effect: OddIds) -> SeenRequest:
        """Return the request with the true id instead of a number in its path."""
        found = self._lookup.id_of(request.llm_id) if effect.form == "integer" else None
        return request if found is None else request.with_llm_id(found)

    def change(self, request: SeenRequest, answer: CaughtAnswer, effect: OddIds) -> None:
        """Change the ids of an answer."""
        if effect.form == "same":
            self._repeat(request, answer, effect)
            return
        fields = answer.fields
        if effect.where != "lists" and "aiLlmId" in fields:
            fields["aiLlmId"] = self._odd(fields["aiLlmId"], effect)
        if effect.where != "answers":
            for name, id_field in _LISTS.items():
                for row in fields.get(name, ()):
                    row[id_field] = self._odd(row[id_field], effect)
        if fields:
            answer.put_fields(fields)

    def _repeat(self, request: SeenRequest, answer: CaughtAnswer, effect: OddIds) -> None:
        if request.is_creation and answer.is_success:
            fields = answer.fields
            answer.put_fields(fields | {"aiLlmId": self._first.setdefault(id(effect), fields["aiLlmId"])})

    def _odd(self, llm_id: Any, effect: OddIds) -> Any:  # noqa: ANN401 - any JSON
        if effect.form in _FIXED:
            return _FIXED[effect.form]
        if effect.form == "surrogate":
            return f"{llm_id}\ud800"
        number = self._lookup.number_of(llm_id)
        return llm_id if number is None else number
