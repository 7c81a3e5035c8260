"""The JSON Schemas: where they are, what they say, and what in a value does not fit them."""

from __future__ import annotations

import json
from enum import StrEnum
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fbsync.explain import Misfit, Violation, explain

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from jsonschema import ValidationError


class Kind(StrEnum):
    """The shapes that are written down."""

    MANIFEST = "manifest"
    LOCKFILE = "lockfile"
    PLAN = "plan"
    RESULT = "result"


_FILES = {
    Kind.MANIFEST: "fbsync.schema.json",
    Kind.LOCKFILE: "lockfile.schema.json",
    Kind.PLAN: "plan.schema.json",
    Kind.RESULT: "result.schema.json",
}


def schema_text(kind: Kind) -> str:
    """A schema as it stands in its file: beside this module in a wheel, in ``schemas/`` in a checkout."""
    shipped = files("fbsync") / "schemas" / _FILES[kind]
    if shipped.is_file():
        return shipped.read_text(encoding="utf-8")
    return (Path(__file__).parent.parent / "schemas" / _FILES[kind]).read_text(encoding="utf-8")


@cache
def schema(kind: Kind) -> dict[str, Any]:
    """A schema as a value."""
    value: dict[str, Any] = json.loads(schema_text(kind))
    return value


def validate(kind: Kind, value: object) -> tuple[Violation, ...]:
    """Compares a value with a schema.

    Args:
        kind: which schema.
        value: of builtin types, as a YAML or JSON parser gives them.

    Returns:
        Everything that does not fit, explained, in no particular order; nothing where all fits.
    """
    from jsonschema import Draft202012Validator

    root = schema(kind)
    errors = Draft202012Validator(root).iter_errors(value)
    return tuple(violation for misfit in _misfits(errors, root) for violation in explain(misfit))


def _misfits(errors: Iterable[ValidationError], root: Mapping[str, Any]) -> Iterable[Misfit]:
    """Puts the validator's errors into plain records, the several missing keys of one mapping into one."""
    seen = set()
    for error in errors:
        misfit = Misfit(
            path=tuple(error.absolute_path),
            keyword=str(error.validator),
            expected=error.validator_value,
            value=error.instance,
            schema=_with_reference(error.schema, root),
            properties=_properties(error.schema, root),
            of_key="propertyNames" in error.absolute_schema_path,
        )
        if misfit.keyword == "required":
            if misfit.path in seen:
                continue
            seen.add(misfit.path)
        yield misfit


def _properties(part: Any, root: Mapping[str, Any]) -> dict[str, Mapping[str, Any]]:  # noqa: ANN401 - JSON
    properties = part.get("properties", {}) if isinstance(part, dict) else {}
    return {key: _with_reference(value, root) for key, value in properties.items()}


def _with_reference(part: Any, root: Mapping[str, Any]) -> Mapping[str, Any]:  # noqa: ANN401 - JSON
    """A part of a schema with what its ``$ref`` points at (in this same file) put under it."""
    merged: dict[str, Any] = dict(part) if isinstance(part, dict) else {}
    while reference := merged.pop("$ref", None):
        target: Any = root
        for step in reference.removeprefix("#/").split("/"):
            target = target[step]
        merged = {**target, **merged}
    return merged
