"""The JSON Schemas: where they are, what they say, and what in a value does not fit them."""

from __future__ import annotations

import json
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from itertools import islice
from typing import TYPE_CHECKING, Any

from fbsync.bundled import bundled
from fbsync.schema.fastpath import UnknownKeywordError, fit_of, fits

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from jsonschema import ValidationError

    from fbsync.schema.fastpath import Fit
    from fbsync.schema.violations import Misfit, Violation


class Kind(StrEnum):
    """The shapes that are written down."""

    MANIFEST = "manifest"
    LOCKFILE = "lockfile"
    JOURNAL = "journal"
    PLAN = "plan"
    RESULT = "result"
    STATE = "state"


_FILES = {
    Kind.MANIFEST: "fbsync.schema.json",
    Kind.LOCKFILE: "lockfile.schema.json",
    Kind.JOURNAL: "journal.schema.json",
    Kind.PLAN: "plan.schema.json",
    Kind.RESULT: "result.schema.json",
    Kind.STATE: "state.schema.json",
}


def schema_text(kind: Kind) -> str:
    """A schema as it stands in its file."""
    name = _FILES[kind]
    return bundled(in_wheel=f"schemas/{name}", in_checkout=f"schemas/{name}").read_text(encoding="utf-8")


@cache
def schema(kind: Kind) -> dict[str, Any]:
    """A schema as a value."""
    value: dict[str, Any] = json.loads(schema_text(kind))
    return value


def validate(kind: Kind, value: object, *, part: str | None = None, most: int | None = None) -> tuple[Violation, ...]:
    """Compare a value with a schema.

    Tests that are quick to load and to run accept a value that fits; jsonschema says why one does not.

    Args:
        kind: which schema.
        value: of builtin types, as a YAML or JSON parser gives them.
        part: the definition in the schema (``$defs``) that the value has to fit, or None for the schema itself.
        most: how many violations are wanted; no more are searched for. None for all.

    Returns:
        Everything that does not fit, explained, in no particular order; nothing where all fits.
    """
    if fits(value, _fit(kind, part)):
        return ()
    from fbsync.schema.explain import explain_misfit

    within = _Within(root=schema(kind), part=None if part is None else schema(kind)["$defs"][part])
    return tuple(
        islice((violation for misfit in _misfits(value, within) for violation in explain_misfit(misfit)), most)
    )


@cache
def _fit(kind: Kind, part: str | None) -> Fit:
    """The quick tests of a schema; nothing passes them where one cannot be made."""
    try:
        return fit_of(schema(kind) if part is None else schema(kind)["$defs"][part], schema(kind))
    except UnknownKeywordError:
        return {}


@dataclass(frozen=True, slots=True, kw_only=True)
class _Within:
    """Where in a schema and in a value a comparison begins; both at the root unless something else is said."""

    root: Mapping[str, Any]
    part: Mapping[str, Any] | None = None
    path: tuple[str | int, ...] = ()


def _misfits(value: object, within: _Within) -> Iterator[Misfit]:
    """Put the validator's errors into plain records, the several missing keys of one mapping into one.

    What stands under a mistyped key is compared with what belongs under the right one.
    """
    from fbsync.schema.explain import mistyped_keys

    seen: set[tuple[object, ...]] = set()
    for error in _errors(value, within):
        misfit = _misfit(error, within)
        if misfit.keyword == "required":
            if (misfit.path, *misfit.expected) in seen:
                continue
            seen.add((misfit.path, *misfit.expected))
        yield misfit
        if misfit.keyword == "additionalProperties":
            for key, meant in mistyped_keys(misfit):
                part, path = misfit.properties[meant], (*misfit.path, key)
                yield from _misfits(misfit.value[key], _Within(root=within.root, part=part, path=path))


def _errors(value: object, within: _Within) -> Iterator[ValidationError]:
    from jsonschema import Draft202012Validator

    validator = Draft202012Validator(within.root)
    errors: Iterator[ValidationError] = validator.evolve(schema=within.part or within.root).iter_errors(value)
    return errors


def _misfit(error: ValidationError, within: _Within) -> Misfit:
    from fbsync.schema.violations import Misfit

    return Misfit(
        path=(*within.path, *error.absolute_path),
        keyword=str(error.validator),
        expected=error.validator_value,
        value=error.instance,
        schema=_part(error, within),
        properties=_properties(_mapping_of(error, within), within.root),
        of_key="propertyNames" in error.absolute_schema_path,
    )


def _part(error: ValidationError, within: _Within) -> Mapping[str, Any]:
    """The part of the schema that holds the keyword, with what stands beside the ``$ref`` that led there."""
    return _at(list(error.absolute_schema_path)[:-1], within)


def _mapping_of(error: ValidationError, within: _Within) -> Mapping[str, Any]:
    """The part of the schema that has the value's properties: a condition speaks of those beside it."""
    path = list(error.absolute_schema_path)[:-1]
    return _at(path[:-1] if path[-1:] in (["then"], ["else"]) else path, within)


def _at(path: Iterable[str | int], within: _Within) -> Mapping[str, Any]:
    part = _with_reference(within.part or within.root, within.root)
    for step in path:
        inner: Any = part
        part = _with_reference(inner[step], within.root) if isinstance(inner[step], dict) else inner[step]
    return part


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
