"""Lists, which fbsync accepts only if they are complete. An unreadable row or a sign of more rows is an error.

From here on, a value that repeats a credential is withheld. An id cannot be withheld, so that is an error.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, NoReturn

from fbsync.client import hints
from fbsync.client.fields import count_of, identifier, moment_of, text
from fbsync.client.paging import sign_of_more
from fbsync.client.shape import shape_of
from fbsync.model.configurations import WITHHELD_VALUE
from fbsync.model.live import LiveLlm, Workspace
from fbsync.model.server import ApiKey, LlmStats
from fbsync.model.server_error import Failure, ServerError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from fbsync.client.answers import Answer
    from fbsync.foreign_text.redactor import Redactor

_UNMASKED = re.compile(r"(?:(?!\.\.)[^*•●…])+")
"""A key that is listed without a mask."""
_HIDDEN = "****"
_SHOWN_END = 4
_LONG_ENOUGH = 12


def rows_of(answer: Answer, field: str, redactor: Redactor) -> list[dict[str, Any]]:
    """Return the objects of the list in an answer, without the deleted ones (``deletedAt``).

    Args:
        answer: the answer.
        field: the name of the list in the answer.
        redactor: makes the words of an error safe to show.

    Raises:
        ServerError: the answer has no such list, or the list is incomplete.
    """
    rows = answer.body.get(field)
    if not isinstance(rows, list):
        shape = redactor.redact(shape_of(answer.body))
        _refuse(answer, f'is not as documented: it has no list "{field}": {shape}')
    sign = sign_of_more(answer, field, len(rows))
    if sign is not None:
        _refuse(answer, f"is incomplete: it has {len(rows)} rows, and {sign}")
    for row in rows:
        if not isinstance(row, dict):
            _refuse_row(answer, row, redactor)
    return [row for row in rows if not row.get("deletedAt")]


def live_of(answer: Answer, workspace_id: str | None, redactor: Redactor) -> Iterator[LiveLlm]:
    """Yield the configurations that an answer lists, without those of workspaces that were not asked for.

    Args:
        answer: the answer.
        workspace_id: the workspace that was asked for, or None for all.
        redactor: withholds values that repeat a credential.

    Raises:
        ServerError: a row lacks what identifies a configuration, or the list is incomplete.
    """
    for row in rows_of(answer, "aiLlms", redactor):
        llm = _live(row, workspace_id, redactor)
        if llm is None:
            _refuse_row(answer, row, redactor)
        if WITHHELD_VALUE in (llm.id, llm.workspace_id):
            _refuse_id(answer)
        if workspace_id in (None, llm.workspace_id):
            yield llm


def _live(row: Mapping[str, Any], workspace_id: str | None, redactor: Redactor) -> LiveLlm | None:
    """A listed configuration, or None if the row lacks an id, a name or a workspace, or a field has the wrong type."""
    said = _Row(row, redactor)
    llm_id, name = said.identifier("id"), said.text("name")
    workspace = said.identifier("workspaceId") if row.get("workspaceId") is not None else workspace_id
    described = (row.get("aiType"), row.get("endpoint"), row.get("key"))
    if llm_id is None or name is None or workspace is None or not all(_is_text(value) for value in described):
        return None
    return LiveLlm(
        id=llm_id,
        name=name,
        workspace_id=workspace,
        ai_type=said.text("aiType"),
        endpoint=said.text("endpoint"),
        key_mask=_mask(text(row.get("key")), redactor),
        key_listed="key" in row,
        created_at=moment_of(row.get("createdAt")),
        user_id=said.identifier("userId"),
        api_key_id=said.identifier("apiKeyId"),
        repos=_repository_names(row.get("repos"), redactor),
    )


class _Row:
    """A row of a list, which withholds each text that repeats a credential."""

    def __init__(self, row: Mapping[str, Any], redactor: Redactor) -> None:
        self._row = row
        self._redactor = redactor

    def text(self, field: str) -> str | None:
        """Return the text in a field, or None if the field has no text or an empty one."""
        value = text(self._row.get(field))
        return None if value is None else self._redactor.value(value)

    def identifier(self, field: str) -> str | None:
        """Return the id in a field, or None if the field has no id."""
        value = identifier(self._row.get(field))
        return None if value is None else self._redactor.value(value)


def _is_text(value: object) -> bool:
    """Whether a value is null or a text that can be stored."""
    return value is None or (isinstance(value, str) and not any("\ud800" <= one <= "\udfff" for one in value))


def _mask(key: str | None, redactor: Redactor) -> str | None:
    """The mask that a list shows for a key. If a server shows the key itself, fbsync neither shows nor stores it."""
    if key is None:
        return None
    if _UNMASKED.fullmatch(key):
        return _HIDDEN + (key[-_SHOWN_END:] if len(key) >= _LONG_ENOUGH else "")
    return _HIDDEN if redactor.value(key) == WITHHELD_VALUE else key


def _repository_names(rows: object, redactor: Redactor) -> tuple[str, ...]:
    listed = (_Row(row, redactor).text("name") for row in (rows if isinstance(rows, list) else ()) if _is_object(row))
    return tuple(name for name in listed if name)


def _is_object(row: object) -> bool:
    return isinstance(row, dict)


def listed_workspaces(answer: Answer, redactor: Redactor, me: Mapping[str, Any] | None = None) -> Iterator[Workspace]:
    """Yield the workspaces that an answer lists. Other fields of the answer are ignored.

    Args:
        answer: the answer.
        redactor: withholds values that repeat a credential.
        me: the signed-in user's profile, to find the user's roles, or None if the roles are not needed.

    Raises:
        ServerError: a row cannot be read, or the list is incomplete.
    """
    for row in rows_of(answer, "workspaces", redactor):
        workspace_id, name = _id_in(row, "id", answer, redactor), _Row(row, redactor).text("name")
        if name is None:
            _refuse_row(answer, row, redactor)
        yield Workspace(id=workspace_id, name=name, role=_role_of(row, me, redactor) if me else None)


def _role_of(workspace: Mapping[str, Any], me: Mapping[str, Any], redactor: Redactor) -> str | None:
    """The signed-in user's role in a workspace. It finds the user by id or by email address."""
    users = workspace.get("users")
    for user in users if isinstance(users, list) else ():
        nested = user.get("user") if isinstance(user, dict) else None
        person = nested if isinstance(nested, dict) else {}
        ids = (user.get("userId"), person.get("id"), user.get("id")) if isinstance(user, dict) else ()
        emails = (user.get("email"), person.get("email")) if isinstance(user, dict) else ()
        if _is_among(me.get("id"), ids) or _is_among(me.get("email"), emails):
            return _Row(user, redactor).text("role")
    return None


def _is_among(value: object, others: Iterable[object]) -> bool:
    return isinstance(value, str) and bool(value) and value in others


def api_keys_of(answer: Answer, redactor: Redactor) -> Iterator[ApiKey]:
    """Yield the stored provider keys that an answer lists, without their field ``key``.

    Args:
        answer: the answer.
        redactor: withholds values that repeat a credential.

    Raises:
        ServerError: a row cannot be read, or the list is incomplete.
    """
    for row in rows_of(answer, "apiKeys", redactor):
        said = _Row(row, redactor)
        yield ApiKey(
            id=_id_in(row, "id", answer, redactor),
            provider=said.text("provider"),
            description=said.text("description"),
            endpoint=said.text("endpoint"),
            created_at=moment_of(row.get("createdAt")),
            llm_count=count_of(row.get("aillm_count")),
        )


def stats_of(answer: Answer, redactor: Redactor) -> Iterator[LlmStats]:
    """Yield the usage counters that an answer lists, as numbers.

    Args:
        answer: the answer.
        redactor: withholds values that repeat a credential.

    Raises:
        ServerError: a row cannot be read, or the list is incomplete.
    """
    for row in rows_of(answer, "stats", redactor):
        llm_id = _id_in(row, "aiLlmId", answer, redactor)
        counts = {name: count_of(value) for name, value in row.items() if name != "aiLlmId"}
        counters = {redactor.value(name): count for name, count in counts.items() if count is not None}
        yield LlmStats(llm_id=llm_id, counters=tuple(sorted(counters.items())))


def _id_in(row: Mapping[str, Any], field: str, answer: Answer, redactor: Redactor) -> str:
    """The id in a row of a list.

    Raises:
        ServerError: the row has no id, so the list counts as incomplete, or the id repeats a credential.
    """
    found = _Row(row, redactor).identifier(field)
    if found is None:
        _refuse_row(answer, row, redactor)
    if found == WITHHELD_VALUE:
        _refuse_id(answer)
    return found


def _refuse_row(answer: Answer, row: object, redactor: Redactor) -> NoReturn:
    _refuse(answer, f"is unreadable in part: one row is not as documented ({redactor.redact(shape_of(row))})")


def _refuse_id(answer: Answer) -> NoReturn:
    _refuse(answer, "cannot be used: an id in it repeats a credential")


def _refuse(answer: Answer, what: str) -> NoReturn:
    raise ServerError(
        f"{answer.method} {answer.path.partition('?')[0]}: the list {what}",
        hint=hints.INCOMPLETE,
        failure=Failure.MALFORMED,
        status=answer.status,
        is_transient=False,
    )
