"""The known state as text: a table of the entries, and an entry in detail."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fbsync.model.ages import days_ago
from fbsync.model.configurations import Field, LockedLlm
from fbsync.render.columns import columns
from fbsync.render.entries import counted
from fbsync.render.paint import Paint, visible

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from fbsync.model.ages import Ages, CredentialAge
    from fbsync.model.configurations import LockedCredential

_HEADINGS = ("WORKSPACE", "NAME", "TYPE", "ID", "PROTECTED", "CREDENTIAL AGE")


def state_table(llms: Iterable[LockedLlm], ages: Ages, *, paint: Paint) -> str:
    """Render the entries as a table, aligned by terminal columns.

    Args:
        llms: the entries.
        ages: gives the ages of credentials. The table shows the age of an entry's older one.
        paint: colours.

    Returns:
        Lines, each with a line break at its end. The first has the headings.
    """
    rows = [tuple(map(visible, _cells(llm, ages))) for llm in llms]
    widths = [max(map(columns, column)) for column in zip(_HEADINGS, *rows, strict=True)]
    return "".join(
        [paint.bold(_record_line(_HEADINGS, widths)) + "\n", *(_record_line(row, widths) + "\n" for row in rows)],
    )


def _cells(llm: LockedLlm, ages: Ages) -> tuple[str, ...]:
    days = max((age.days for age in ages.of(llm)), default=None)
    age = "-" if days is None else counted(days, "day")
    return llm.workspace_id, llm.name, llm.ai_type, llm.id, "yes" if llm.protect else "no", age


def _record_line(cells: Sequence[str], widths: Sequence[int]) -> str:
    padded = (cell + " " * (width - columns(cell)) for cell, width in zip(cells, widths, strict=True))
    return "  ".join(padded).rstrip()


def state_entry(llm: LockedLlm, ages: Ages, *, paint: Paint) -> str:
    """Render everything that is known about an entry.

    For a fingerprint, this shows only whether there is one.

    Args:
        llm: the entry.
        ages: gives the ages of its credentials.
        paint: colours.

    Returns:
        Lines, each with a line break at its end.
    """
    rows = list(_rows(llm, {age.field: age for age in ages.of(llm)}))
    width = max(len(label) for label, _ in rows) + 1
    lines = [f"  {label + ':':<{width}} {visible(text)}" for label, text in rows]
    return "\n".join([paint.bold(visible(llm.name)), *lines, ""])


def _rows(llm: LockedLlm, ages: Mapping[Field, CredentialAge]) -> Iterator[tuple[str, str]]:
    by_name = None if llm.workspace is None else f"workspace {llm.workspace}"
    yield Field.WORKSPACE_ID.value, _from(llm.workspace_id, llm.workspace_template or by_name)
    yield "id", llm.id
    yield Field.AI_TYPE.value, llm.ai_type
    yield Field.ENDPOINT.value, _from(llm.endpoint or "none of its own", llm.endpoint_template)
    if llm.api_key is not None:
        yield Field.API_KEY.value, _from(llm.api_key, llm.api_key_template)
    if llm.key is not None:
        yield Field.KEY.value, _credential_line(llm.key, ages.get(Field.KEY))
    if llm.secret is not None:
        yield Field.SECRET.value, _credential_line(llm.secret, ages.get(Field.SECRET))
    yield "protect", "true" if llm.protect else "false"
    if llm.previous_name is not None:
        yield "previousName", llm.previous_name


def _from(value: str, template: str | None) -> str:
    return value if template is None else f"{value} (from {template})"


def _credential_line(locked: LockedCredential, age: CredentialAge | None) -> str:
    known = "fingerprint known" if locked.fingerprint else "no fingerprint: the server's value is unknown"
    sent = "" if age is None else f"sent on {age.sent_on}, {days_ago(age.days)}, "
    return f"${locked.reference} ({sent}{known})"
