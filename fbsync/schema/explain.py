"""Explain how a value violates a schema, in the user's words and with a remedy.

Messages show a value only if the schema lists the allowed values, and never if the schema says ``writeOnly``.
"""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING, Any

from fbsync.redact import nearest, quoted, same_word
from fbsync.schema.explain_value import explain_value
from fbsync.schema.violations import Misfit, Violation, as_written

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping


_MOST_KEYS = 100
"""How many keys of a mapping are searched for typos. No manifest has that many in one mapping."""


def explain_misfit(misfit: Misfit) -> Iterable[Violation]:
    """Explain a misfit. Each unknown or missing key of a mapping becomes a violation of its own."""
    match misfit.keyword:
        case "additionalProperties":
            return _unknown_keys(misfit)
        case "required":
            return _missing_keys(misfit)
        case _:
            return (explain_value(misfit),)


def mistyped_keys(misfit: Misfit) -> Iterable[tuple[str, str]]:
    """Yield each unknown key of a mapping with the allowed key that it probably means, if the mapping lacks it."""
    for key in islice(misfit.value, _MOST_KEYS):
        meant = None if key in misfit.properties else _meant_key(key, misfit.properties)
        if meant is not None and meant not in misfit.value:
            yield key, meant


def _unknown_keys(misfit: Misfit) -> Iterable[Violation]:
    for key in misfit.value:
        if key not in misfit.properties:
            yield Violation(
                path=(*misfit.path, key),
                rule="unknown-key",
                message=f"unknown key {quoted(key, '')}".rstrip(),
                remedy=_remedy_for_key(key, misfit),
                at_key=True,
            )


def _remedy_for_key(key: object, misfit: Misfit) -> str:
    meant = _meant_key(key, misfit.properties)
    if meant is None:
        return f"allowed keys: {', '.join(misfit.properties)}"
    return f'remove it: "{meant}" is there already' if meant in misfit.value else f'write "{meant}"'


def _missing_keys(misfit: Misfit) -> Iterable[Violation]:
    """Explain missing keys, except those that an unknown key probably means: the unknown key has its own violation."""
    mistyped = {meant for _, meant in mistyped_keys(misfit)}
    for key in misfit.expected:
        if key not in misfit.value and key not in mistyped:
            yield Violation(
                path=misfit.path,
                rule="missing-key",
                message=f'"{key}" is missing',
                remedy=f"add {_example_line(key, misfit.properties.get(key, {}))}",
            )


def _meant_key(key: object, properties: Mapping[str, Mapping[str, Any]]) -> str | None:
    """Return the allowed key that an unknown key means: it is a typo, or a synonym in the schema (``synonyms``)."""
    if not isinstance(key, str):
        return None
    synonyms = {word: name for name, part in properties.items() for word in part.get("synonyms", ())}
    return nearest(key, properties) or synonyms.get(same_word(key, synonyms) or "")


def _example_line(key: str, schema: Mapping[str, Any]) -> str:
    if schema.get("type") == "array":
        return f'"{key}:" followed by a list of entries, or "{key}: []" for none'
    examples = schema.get("examples", ())
    return f'"{key}: {as_written(examples[0])}"' if examples and not isinstance(examples[0], dict) else f'"{key}"'
