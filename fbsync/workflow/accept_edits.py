"""Edits of a manifest for a value of the server, or for an entry that the server no longer lists."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fbsync.manifest.references import escape, parse_template
from fbsync.model.configurations import WITHHELD_VALUE, Field
from fbsync.model.errors import ExitCode, FbsyncError
from fbsync.planning.drift import NONE
from fbsync.strict_yaml.replace import RemovedValue, ReplacedValue

if TYPE_CHECKING:
    from fbsync.manifest.drafts import Draft
    from fbsync.model.findings import Position
    from fbsync.planning.drift import FieldDrift
    from fbsync.strict_yaml.replace import Edit


_TAKEN_OVER = (Field.NAME, Field.AI_TYPE, Field.ENDPOINT, Field.API_KEY)


def edit_of_field(draft: Draft, item: FieldDrift, environment: str | None) -> tuple[str, Edit]:
    """Return the file to edit, and the edit that gives a field the server's value.

    Args:
        draft: the entry.
        item: the field that differs.
        environment: the environment whose drift is accepted, or None for no environment.

    Raises:
        FbsyncError: the value cannot be changed on its own in the manifest, or it is unknown.
    """
    field = item.field.value
    if item.live == WITHHELD_VALUE:
        why = f"its {field} on the server repeats a credential"
        raise not_acceptable(
            draft.name or "", why, f"change {field} on the server, or run `fbsync apply` to undo the change"
        )
    if _is_gone(draft, item, environment):
        placed = draft.fields[field]
        return placed.document.file, RemovedValue(path=placed.path)
    if item.field not in _TAKEN_OVER:
        raise not_acceptable(draft.name or "", f"the server never shows its {field}", _hint_for_key(draft, item))
    if item.field is not Field.NAME and field not in draft.fields:
        hint = f"write the server's {field} into the manifest, and run `fbsync apply`"
        raise not_acceptable(draft.name or "", f"the manifest declares no {field}", hint)
    if item.field is Field.NAME:
        beside = ("previousName", item.known)
        return draft.entry.document.file, ReplacedValue(
            path=(*draft.entry.path, "name"), value=item.live, beside=beside
        )
    placed = draft.fields[item.field.value]
    if environment is not None and placed.path[0] != "environments":
        raise not_acceptable(
            draft.name or "",
            f"its {item.field.value} is declared under llms, which other environments share",
            f"write {item.field.value} under environments: {environment}: llms first, then accept it",
        )
    if item.live == NONE:
        hint = f"remove {field} from the manifest, and run `fbsync apply`"
        raise not_acceptable(draft.name or "", f"the server has no {field} of its own for it", hint)
    if item.field is not Field.AI_TYPE and (names := parse_template(placed.text or "").names):
        variables = ", ".join(f"${name}" for name in names)
        hint = f"set {variables} so that {field} is {item.live}, and run `fbsync apply`"
        raise not_acceptable(draft.name or "", f"its {field} has references, which a value would replace", hint)
    value = escape(item.live) if item.field is Field.ENDPOINT else item.live
    return placed.document.file, ReplacedValue(path=placed.path, value=value)


def _is_gone(draft: Draft, item: FieldDrift, environment: str | None) -> bool:
    """Whether a key, or an endpoint next to a stored key, can be removed because the server has no value for it.

    In an environment, removing its own line would bring back the value under ``llms``, if there is one.
    """
    field = item.field.value
    may_lack = item.field is Field.KEY or (item.field is Field.ENDPOINT and "apiKey" in draft.fields)
    if item.live != NONE or not may_lack or field not in draft.fields:
        return False
    is_own = draft.fields[field].path[0] == "environments"
    return is_own and draft.entry.value.get(field) is None if environment is not None else not is_own


def edit_of_entry(draft: Draft, environment: str | None, *, is_shared: bool) -> tuple[str, Edit]:
    """Return the file to edit, and the edit that removes an entry. Arguments are those of ``edit_of_field``.

    Raises:
        FbsyncError: environments use the entry too (``is_shared``), or an environment's drift is accepted.
    """
    if environment is not None:
        hint = f'write "{draft.name}: null" under environments: {environment}: llms, then apply it with --prune'
        raise not_acceptable(draft.name or "", "it is declared under llms, which other environments share", hint)
    if is_shared:
        hint = "remove it from the manifest, and from its environments, then apply it with --prune"
        raise not_acceptable(draft.name or "", "environments use it too", hint)
    return draft.entry.document.file, RemovedValue(path=draft.entry.path)


def _hint_for_key(draft: Draft, item: FieldDrift) -> str:
    """Say how to keep a key that somebody changed. Only that person has its value."""
    if item.live == NONE:
        return "remove key from the manifest, and run `fbsync apply`"
    if item.field.value in draft.fields:
        return "set the variable of its key to the server's key, and run `fbsync apply`"
    return "declare key with a variable that has the server's key, and run `fbsync apply`"


def field_place(draft: Draft, field: Field) -> Position:
    """Return where the manifest has a field."""
    return (
        draft.entry.document.position_of((*draft.entry.path, "name")) if field is Field.NAME else draft.position(field)
    )


def not_acceptable(what: str, why: str, hint: str = "change the manifest by hand") -> FbsyncError:
    """Return the error that refuses to accept something, with what to do instead."""
    return FbsyncError(f"{what}: {why}", hint=hint, exit_code=ExitCode.INVALID_INPUT)
