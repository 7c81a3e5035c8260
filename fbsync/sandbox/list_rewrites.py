"""Change lists as a fault says: change, add or leave out rows, and add signs of more pages."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from fbsync.sandbox.caught_answer import CaughtAnswer
    from fbsync.sandbox.fault_effects import Rows, ShortList

_BECOMES: dict[str | None, Any] = {"null": None, "text": "a row that is text", "list": ["a row", "that is a list"]}


def change_rows(answer: CaughtAnswer, effect: Rows) -> None:
    """Change and add rows of a list. Other answers stay unchanged."""
    fields = answer.fields
    if (where := list_name(fields)) is None:
        return
    rows = [_changed(row, effect) for row in fields[where]]
    answer.put_fields({**fields, where: [*rows, *effect.add]})


def shorten(answer: CaughtAnswer, effect: ShortList) -> None:
    """Leave rows out of a list, and add the signs that the effect asks for."""
    fields = answer.fields
    if (where := list_name(fields)) is None:
        return
    every = fields[where]
    shown = [row for row in every if _name_of(row) not in effect.hide]
    shown = shown if effect.limit is None else shown[: effect.limit]
    more = len(shown) < len(every)
    signs = {
        "total": len(every),
        "hasMore": more,
        "nextCursor": "the-next-page" if more else None,
        "pagination": {"page": 1, "pageSize": len(shown), "total": len(every)},
    }
    answer.put_fields({**fields, where: shown, **{name: signs[name] for name in effect.signs if name in signs}})
    if more and "link" in effect.signs:
        answer.headers.append((b"link", b'</ai/llm?page=2>; rel="next"'))


def list_name(fields: dict[str, Any]) -> str | None:
    """Return the name of the field that has the rows of an answer, or None if it is not a list."""
    return next((name for name, value in fields.items() if isinstance(value, list)), None)


def _changed(row: Any, effect: Rows) -> Any:  # noqa: ANN401 - any JSON
    if not isinstance(row, dict) or not (effect.names is None or _name_of(row) in effect.names):
        return row
    if effect.become is not None:
        return _BECOMES[effect.become]
    return {name: value for name, value in {**row, **effect.set}.items() if name not in effect.remove}


def _name_of(row: Any) -> Any:  # noqa: ANN401 - any JSON
    return row.get("name") if isinstance(row, dict) else None
