"""Violations of a schema, as jsonschema finds them. Loaded only if a value does not fit."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from jsonschema import Draft202012Validator

from fbsync.schema.explain import mistyped_keys
from fbsync.schema.violations import Misfit

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from jsonschema import ValidationError


@dataclass(frozen=True, slots=True, kw_only=True)
class Within:
    """Where a comparison starts in a schema and a value. The default is the root of both."""

    root: Mapping[str, Any]
    part: Mapping[str, Any] | None = None
    path: tuple[str | int, ...] = ()


def misfits(value: object, within: Within) -> Iterator[Misfit]:
    """Turn the validator's errors into records. The missing keys of a mapping become one record.

    The value of a mistyped key is compared with the schema of the key that it probably means.
    """
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
                yield from misfits(misfit.value[key], Within(root=within.root, part=part, path=path))


def _errors(value: object, within: Within) -> Iterator[ValidationError]:
    validator = Draft202012Validator(within.root)
    errors: Iterator[ValidationError] = validator.evolve(schema=within.part or within.root).iter_errors(value)
    return errors


def _misfit(error: ValidationError, within: Within) -> Misfit:
    return Misfit(
        path=(*within.path, *error.absolute_path),
        keyword=str(error.validator),
        expected=error.validator_value,
        value=error.instance,
        schema=_schema_part(error, within),
        properties=_properties(_mapping_of(error, within), within.root),
        of_key="propertyNames" in error.absolute_schema_path,
    )


def _schema_part(error: ValidationError, within: Within) -> Mapping[str, Any]:
    """Return the part of the schema that has the keyword, with what is next to the ``$ref`` that led there."""
    return _at(list(error.absolute_schema_path)[:-1], within)


def _mapping_of(error: ValidationError, within: Within) -> Mapping[str, Any]:
    """Return the part of the schema that has the value's properties. For ``then`` and ``else``, it is the parent."""
    path = list(error.absolute_schema_path)[:-1]
    return _at(path[:-1] if path[-1:] in (["then"], ["else"]) else path, within)


def _at(path: Iterable[str | int], within: Within) -> Mapping[str, Any]:
    part = _with_reference(within.part or within.root, within.root)
    for step in path:
        inner: Any = part
        part = _with_reference(inner[step], within.root) if isinstance(inner[step], dict) else inner[step]
    return part


def _properties(part: Any, root: Mapping[str, Any]) -> dict[str, Mapping[str, Any]]:  # noqa: ANN401 - JSON
    properties = part.get("properties", {}) if isinstance(part, dict) else {}
    return {key: _with_reference(value, root) for key, value in properties.items()}


def _with_reference(part: Any, root: Mapping[str, Any]) -> Mapping[str, Any]:  # noqa: ANN401 - JSON
    """Return a part of a schema merged with what its ``$ref`` points to (in the same file). The part's own keys win."""
    merged: dict[str, Any] = dict(part) if isinstance(part, dict) else {}
    while reference := merged.pop("$ref", None):
        target: Any = root
        for step in reference.removeprefix("#/").split("/"):
            target = target[step]
        merged = {**target, **merged}
    return merged
