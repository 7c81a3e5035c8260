"""Find the JSON Schemas, and check values against them."""

from __future__ import annotations

import json
from enum import StrEnum
from functools import cache
from itertools import islice
from typing import TYPE_CHECKING, Any

from fbsync.bundled import bundled
from fbsync.schema.fastpath import UnknownKeywordError, fit_of, fits

if TYPE_CHECKING:
    from fbsync.schema.fastpath import Fit
    from fbsync.schema.violations import Violation


class Kind(StrEnum):
    """The formats that have a schema."""

    MANIFEST = "manifest"
    LOCKFILE = "lockfile"
    JOURNAL = "journal"
    PLAN = "plan"
    RESULT = "result"
    STATE = "state"


SCHEMA_FILE = "fbsync.schema.json"
"""The schema's file next to a manifest. Editors find it without a network."""

SCHEMA_LINE = f"yaml-language-server: $schema={SCHEMA_FILE}"
"""The first comment of a new manifest. It tells editors where the schema is."""

_FILES = {
    Kind.MANIFEST: SCHEMA_FILE,
    Kind.LOCKFILE: "lockfile.schema.json",
    Kind.JOURNAL: "journal.schema.json",
    Kind.PLAN: "plan.schema.json",
    Kind.RESULT: "result.schema.json",
    Kind.STATE: "state.schema.json",
}


def schema_text(kind: Kind) -> str:
    """Return the text of a schema's file."""
    name = _FILES[kind]
    return bundled(in_wheel=f"schemas/{name}", in_checkout=f"schemas/{name}").read_text(encoding="utf-8")


@cache
def schema_of(kind: Kind) -> dict[str, Any]:
    """Return a parsed schema."""
    value: dict[str, Any] = json.loads(schema_text(kind))
    return value


def validate(kind: Kind, value: object, *, part: str | None = None, most: int | None = None) -> tuple[Violation, ...]:
    """Compare a value with a schema.

    Quick tests accept a value that fits. If they do not, jsonschema finds out why.

    Args:
        kind: which schema.
        value: a value of builtin types, as a YAML or JSON parser returns it.
        part: the definition in the schema (``$defs``) that the value must fit, or None for the whole schema.
        most: how many violations to look for, or None for all.

    Returns:
        The violations, explained, in no particular order. Empty if the value fits.
    """
    if fits(value, _fit(kind, part)):
        return ()
    from fbsync.schema.explain import explain_misfit
    from fbsync.schema.misfits import Within, misfits

    within = Within(root=schema_of(kind), part=None if part is None else schema_of(kind)["$defs"][part])
    return tuple(islice((violation for misfit in misfits(value, within) for violation in explain_misfit(misfit)), most))


@cache
def _fit(kind: Kind, part: str | None) -> Fit:
    """Return the quick tests of a schema. If a keyword has no test, nothing passes them, so jsonschema decides."""
    try:
        return fit_of(schema_of(kind) if part is None else schema_of(kind)["$defs"][part], schema_of(kind))
    except UnknownKeywordError:
        return {}
