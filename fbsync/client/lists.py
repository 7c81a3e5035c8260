"""Lists: believed only whole. A row that cannot be read or a sign of more rows is an error, never an absence."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, NoReturn

from fbsync.client import hints
from fbsync.client.fields import count_of, identifier, moment_of, text
from fbsync.client.shape import shape_of
from fbsync.model.configurations import LiveLlm, Workspace
from fbsync.model.server import ApiKey, Failure, LlmStats, ServerError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from fbsync.client.answers import Answer

_NEXT = re.compile(
    r"(has|is)?(more|next)(page|pages|rows|items|results)?|next(page)?(cursor|token|link|url|offset|marker)"
    r"|cursor|continuation(token)?|(is)?(truncated|incomplete|partial)"
)
"""Names of fields that say that there is more, without case and separators."""
_LAST = ("last", "islast", "islastpage", "complete", "iscomplete")
"""Names of fields that say so by being false."""
_TOTAL = re.compile(r"(total|full|overall)?count|total(items|rows|results|records|elements|entries|hits|size|number)?")
_ABOUT_PAGES = re.compile(r"pag|meta|link|cursor|info")
"""Names of objects that tell of pages."""
_DEPTH = 3
_TOTAL_PAGES = ("totalpages", "pagecount", "pages", "lastpage")
_LINK_NEXT = re.compile(r";\s*rel\s*=\s*(?:\"[^\"]*\bnext\b[^\"]*\"|next\b)", re.IGNORECASE)
_TOTAL_HEADERS = ("X-Total-Count", "X-Total")
_NEXT_HEADERS = ("X-Next-Page", "X-Next-Cursor")
_RANGE = re.compile(r"[a-z]+ (\d{1,15})-(\d{1,15})/(\d{1,15}|\*)", re.IGNORECASE)
_UNMASKED = re.compile(r"[\w+/=-]+")
_SHOWN_END = 4
_LONG_ENOUGH = 12


def rows_of(answer: Answer, field: str) -> list[dict[str, Any]]:
    """The objects of the list that an answer holds, without those that are gone (``deletedAt``).

    Raises:
        ServerError: there is no such list in it, or it is not the whole.
    """
    rows = answer.body.get(field)
    if not isinstance(rows, list):
        _refuse(answer, f'is not as documented: it has no list "{field}": {shape_of(answer.body)}')
    sign = _sign_of_more(answer, field, len(rows))
    if sign is not None:
        _refuse(answer, f"is incomplete: it holds {len(rows)} rows, and {sign}")
    for row in rows:
        if not isinstance(row, dict):
            _refuse_row(answer, row)
    return [row for row in rows if not row.get("deletedAt")]


def live_of(answer: Answer, workspace_id: str | None) -> Iterator[LiveLlm]:
    """The configurations that an answer lists, without those of other workspaces than the one asked for.

    Raises:
        ServerError: a row lacks what identifies a configuration, or the list is not the whole.
    """
    for row in rows_of(answer, "aiLlms"):
        llm = _live(row, workspace_id)
        if llm is None:
            _refuse_row(answer, row)
        if workspace_id in (None, llm.workspace_id):
            yield llm


def _live(row: Mapping[str, Any], workspace_id: str | None) -> LiveLlm | None:
    """A listed configuration; None for a row without an id, a name or a workspace, or with a field of another type."""
    llm_id, name = identifier(row.get("id")), text(row.get("name"))
    workspace = identifier(row.get("workspaceId")) if row.get("workspaceId") is not None else workspace_id
    described = (row.get("aiType"), row.get("endpoint"), row.get("key"))
    if llm_id is None or name is None or workspace is None or not all(_is_text(value) for value in described):
        return None
    return LiveLlm(
        id=llm_id,
        name=name,
        workspace_id=workspace,
        ai_type=text(row.get("aiType")),
        endpoint=text(row.get("endpoint")),
        key_mask=_mask(text(row.get("key"))),
        key_listed="key" in row,
        created_at=moment_of(row.get("createdAt")),
        user_id=identifier(row.get("userId")),
        api_key_id=identifier(row.get("apiKeyId")),
        repos=_names(row.get("repos")),
    )


def _is_text(value: object) -> bool:
    """Whether a value is a text that can be stored, or null."""
    return value is None or (isinstance(value, str) and not any("\ud800" <= one <= "\udfff" for one in value))


def _mask(key: str | None) -> str | None:
    """What a list shows in a key's place. A server that shows the key itself must not make fbsync show or keep it."""
    if key is None or not _UNMASKED.fullmatch(key):
        return key
    return "****" + (key[-_SHOWN_END:] if len(key) >= _LONG_ENOUGH else "")


def _names(rows: object) -> tuple[str, ...]:
    listed = rows if isinstance(rows, list) else []
    return tuple(name for row in listed if isinstance(row, dict) and (name := text(row.get("name"))))


def workspaces_of(answer: Answer, me: Mapping[str, Any] | None = None) -> Iterator[Workspace]:
    """The workspaces that an answer lists; what else it tells of them is left alone.

    Args:
        answer: the answer.
        me: the profile of the caller, whose role is looked for; None where nobody wants to know it.

    Raises:
        ServerError: a row cannot be read, or the list is not the whole.
    """
    for row in rows_of(answer, "workspaces"):
        workspace_id, name = identifier(row.get("id")), text(row.get("name"))
        if workspace_id is None or name is None:
            _refuse_row(answer, row)
        yield Workspace(id=workspace_id, name=name, role=_role(row, me) if me else None)


def _role(workspace: Mapping[str, Any], me: Mapping[str, Any]) -> str | None:
    """The role of a user in a workspace: by the user's id, or by the e-mail address."""
    users = workspace.get("users")
    for user in users if isinstance(users, list) else ():
        nested = user.get("user") if isinstance(user, dict) else None
        person = nested if isinstance(nested, dict) else {}
        ids = (user.get("userId"), person.get("id"), user.get("id")) if isinstance(user, dict) else ()
        emails = (user.get("email"), person.get("email")) if isinstance(user, dict) else ()
        if _is_among(me.get("id"), ids) or _is_among(me.get("email"), emails):
            return text(user.get("role"))
    return None


def _is_among(value: object, others: Iterable[object]) -> bool:
    return isinstance(value, str) and bool(value) and value in others


def api_keys_of(answer: Answer) -> Iterator[ApiKey]:
    """The stored provider keys that an answer lists, without ``key``.

    Raises:
        ServerError: a row cannot be read, or the list is not the whole.
    """
    for row in rows_of(answer, "apiKeys"):
        key_id = _id_in(row, "id", answer)
        yield ApiKey(
            id=key_id,
            provider=text(row.get("provider")),
            description=text(row.get("description")),
            endpoint=text(row.get("endpoint")),
            created_at=moment_of(row.get("createdAt")),
            llm_count=count_of(row.get("aillm_count")),
        )


def stats_of(answer: Answer) -> Iterator[LlmStats]:
    """The counters that an answer holds, as numbers.

    Raises:
        ServerError: a row cannot be read, or the list is not the whole.
    """
    for row in rows_of(answer, "stats"):
        llm_id = _id_in(row, "aiLlmId", answer)
        counters = {name: count for name, value in row.items() if (count := count_of(value)) is not None}
        yield LlmStats(llm_id=llm_id, counters=tuple(sorted((n, c) for n, c in counters.items() if n != "aiLlmId")))


def _id_in(row: Mapping[str, Any], field: str, answer: Answer) -> str:
    """The id in a row of an answer's list.

    Raises:
        ServerError: there is none, so that the list is not the whole.
    """
    found = identifier(row.get(field))
    if found is None:
        _refuse_row(answer, row)
    return found


def _sign_of_more(answer: Answer, field: str, rows: int) -> str | None:
    """What an answer says of rows that it does not hold, as the end of a sentence.

    The API documents no pagination, so each common sign of one counts (``design.md``, 'The plan').
    """
    if _LINK_NEXT.search(answer.headers.get("Link", "")[:4096]):
        return "its Link header has a next page"
    for name in _NEXT_HEADERS:
        if answer.headers.get(name, "").strip() not in ("", "0", "null"):
            return f"its header {name} has a next page"
    for name in _TOTAL_HEADERS:
        if (count_of(answer.headers.get(name, "").strip()) or 0) > rows:
            return f"its header {name} has a higher count"
    span = _RANGE.fullmatch(answer.headers.get("Content-Range", "").strip())
    if span is not None and (span[3] == "*" or int(span[3]) > rows):
        return "its header Content-Range is for a part"
    told = {name: value for name, value in answer.body.items() if name != field}
    return next((sign for name, value in _flat(told) if (sign := _sign_in(name, value, rows))), None)


def _flat(fields: Mapping[str, Any], depth: int = _DEPTH) -> Iterator[tuple[str, object]]:
    """Fields, and those of the objects among them that tell of pages."""
    for name, value in fields.items():
        yield name, value
        if depth and isinstance(value, dict) and _ABOUT_PAGES.search(name.lower()):
            yield from _flat(value, depth - 1)


def _sign_in(name: str, value: object, rows: int) -> str | None:
    """What one field beside a list says of more rows."""
    folded = re.sub(r"[^a-z]", "", name[:40].lower())
    more = f'"{folded}" means that there are more'
    if folded in _LAST:
        return more if value is False else None
    if _NEXT.fullmatch(folded):
        return more if value not in (None, False, "", 0, "0", "false", {}, []) else None
    count = count_of(value)
    if count is None:
        return None
    if _TOTAL.fullmatch(folded) and count > rows:
        return f'"{folded}" counts {count}'
    return f'"{folded}" counts {count}' if folded in _TOTAL_PAGES and count > 1 else None


def _refuse_row(answer: Answer, row: object) -> NoReturn:
    _refuse(answer, f"is unreadable in part: one row is not as documented ({shape_of(row)})")


def _refuse(answer: Answer, what: str) -> NoReturn:
    raise ServerError(
        f"{answer.method} {answer.path.partition('?')[0]}: the list {what}",
        hint=hints.INCOMPLETE,
        failure=Failure.MALFORMED,
        status=answer.status,
        is_transient=False,
    )
