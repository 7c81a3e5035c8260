"""Changes of fields: compare the declared, known and live values, whatever their spelling."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fbsync.model.changes import Cause, FieldChange
from fbsync.model.configurations import Field, Llm, LockedLlm, Text, template_of, workspace_template
from fbsync.model.spelling import same, served_spellings

if TYPE_CHECKING:
    from collections.abc import Iterator

    from fbsync.model.live import LiveLlm


def field_changes(llm: Llm, locked: LockedLlm, live: LiveLlm | None) -> tuple[FieldChange, ...]:
    """Return the fields to change. A field that the server did not list counts as unchanged.

    A stored key is the exception: a list always shows it if there is one (``flashback-api.md``), so if it is not
    listed, there is none. A missing stored key is an empty string.
    """
    rows: tuple[tuple[Field, Text, str, str | None, str | None], ...] = (
        (Field.NAME, _literal(llm.name), locked.name, live.name if live else None, None),
        (Field.AI_TYPE, _literal(llm.ai_type), locked.ai_type, live.ai_type if live else None, None),
        (Field.ENDPOINT, llm.endpoint, locked.endpoint, live.endpoint if live else None, locked.endpoint_template),
        (
            Field.API_KEY,
            llm.api_key or _literal(""),
            locked.api_key or "",
            live.api_key_id or "" if live else None,
            locked.api_key_template,
        ),
    )
    changes = (_field_change(*row) for row in rows)
    return tuple(change for change in changes if change is not None)


def _literal(value: str) -> Text:
    return Text(template=value, value=value)


def _field_change(
    field: Field, desired: Text, known: str, live: str | None, known_template: str | None
) -> FieldChange | None:
    present = known if live is None else live
    drifted = not same(field, present, known)
    if desired.value is None:
        edited = desired.template != known_template
        wanted = edited or drifted
    else:
        edited = not same(field, desired.value, known)
        wanted = not same(field, desired.value, present)
    if not wanted:
        return None
    cause = Cause.BOTH if edited and drifted else Cause.OUTSIDE if drifted else Cause.MANIFEST
    return FieldChange(field=field, before=present, after=desired, known=known, cause=cause)


def record_differs(llm: Llm, locked: LockedLlm, live: LiveLlm | None) -> bool:
    """Whether the record would change although no request is needed."""
    return (
        any(now != then for now, then in _recorded(llm, locked))
        or any(now is not None and now != then for now, then in _resolved_pairs(llm, locked))
        or any(
            known is not None and credential.reference != known.reference
            for field, credential in llm.credentials
            for known in (locked.credential(field),)
        )
        or (live is not None and _learns(llm, locked, live))
    )


def _recorded(llm: Llm, locked: LockedLlm) -> Iterator[tuple[object, object]]:
    """Yield pairs of declared and recorded values."""
    yield llm.name, locked.name
    yield llm.ai_type, locked.ai_type
    yield llm.protect, locked.protect
    yield llm.key is None, locked.key is None
    yield llm.previous_name, locked.previous_name
    yield llm.declared_in or locked.declared_in, locked.declared_in
    yield (workspace_template(llm), llm.workspace), (locked.workspace_template, locked.workspace)
    yield template_of(llm.endpoint), locked.endpoint_template
    yield llm.api_key and template_of(llm.api_key), locked.api_key_template


def _resolved_pairs(llm: Llm, locked: LockedLlm) -> Iterator[tuple[str | None, str]]:
    """Yield pairs of declared and recorded values for fields whose variables may not be set."""
    yield llm.endpoint.value, locked.endpoint
    yield "" if llm.api_key is None else llm.api_key.value, locked.api_key or ""


def _learns(llm: Llm, locked: LockedLlm, live: LiveLlm) -> bool:
    """Whether the list shows something about the entry that the record does not have yet."""
    mask = llm.key is not None and locked.key_mask is None and live.key_mask is not None
    return mask or server_spellings(llm, live) != locked.served


def server_spellings(llm: Llm, live: LiveLlm) -> tuple[tuple[Field, str], ...]:
    """Return the server's spellings of declared values that the server spells differently."""
    declared = {Field.NAME: llm.name, Field.AI_TYPE: llm.ai_type, Field.ENDPOINT: llm.endpoint.value}
    return served_spellings(declared, live)
