"""Detect an incomplete list. The API documents no pagination, so every common sign counts."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from fbsync.client.fields import count_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from fbsync.client.answers import Answer

_NEXT = re.compile(
    r"(has|is)?(more|next)(page|pages|rows|items|results)?|next(page)?(cursor|token|link|url|offset|marker)"
    r"|cursor|continuation(token)?|(is)?(truncated|incomplete|partial)"
)
"""Fields that mean that there are more rows. Their names are without separators and in lower case."""
_LAST = ("last", "islast", "islastpage", "complete", "iscomplete")
"""Fields that mean that there are more rows if they are false."""
_TOTAL = re.compile(r"(total|full|overall)?count|total(items|rows|results|records|elements|entries|hits|size|number)?")
_ABOUT_PAGES = re.compile(r"pag|meta|link|cursor|info")
"""Names of objects with fields about pages."""
_DEPTH = 3
_TOTAL_PAGES = ("totalpages", "pagecount", "pages", "lastpage")
_LINK_NEXT = re.compile(r";\s*rel\s*=\s*(?:\"[^\"]*\bnext\b[^\"]*\"|next\b)", re.IGNORECASE)
_TOTAL_HEADERS = ("X-Total-Count", "X-Total")
_NEXT_HEADERS = ("X-Next-Page", "X-Next-Cursor")
_RANGE = re.compile(r"[a-z]+ (\d{1,15})-(\d{1,15})/(\d{1,15}|\*)", re.IGNORECASE)


def sign_of_more(answer: Answer, field: str, rows: int) -> str | None:
    """Return the sign that there are more rows, as the end of a sentence, or None (``design.md``, 'The plan').

    Args:
        answer: the answer.
        field: the name of the list in the answer.
        rows: the number of rows in the list.
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
    """Yield fields with their values, including the fields of objects about pages."""
    for name, value in fields.items():
        yield name, value
        if depth and isinstance(value, dict) and _ABOUT_PAGES.search(name.lower()):
            yield from _flat(value, depth - 1)


def _sign_in(name: str, value: object, rows: int) -> str | None:
    """The sign of more rows in a field next to the list, or None."""
    letters = re.sub(r"[^a-zA-Z]", "", name[:40])
    folded = letters.lower()
    more = f'"{letters}" means that there are more'
    if folded in _LAST:
        return more if value is False else None
    if _NEXT.fullmatch(folded):
        return more if value not in (None, False, "", 0, "0", "false", {}, []) else None
    count = count_of(value)
    if count is None:
        return None
    if _TOTAL.fullmatch(folded) and count > rows:
        return f'"{letters}" counts {count}'
    return f'"{letters}" counts {count}' if folded in _TOTAL_PAGES and count > 1 else None
