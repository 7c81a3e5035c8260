"""Explains what in a value does not fit a schema: in the user's words, and with a remedy.

Values are shown only where the schema enumerates what may stand there, never where it says ``writeOnly``.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

_SHOWN_KEY = re.compile(r"[A-Za-z$][A-Za-z _.$-]{0,31}")
"""Keys that can be shown: short and without digits, so that a credential in a key's place stays hidden."""

_SHOWN_VALUE = re.compile(r"[A-Za-z][A-Za-z _-]{0,23}|[0-9]{1,4}(\.[0-9]{1,2})?")
"""Values that can be shown where one of a few words was expected; longer ones might be anything."""

_FOUND = (
    (bool, "true or false"),
    (str, "a string"),
    ((int, float), "a number"),
    (list, "a list"),
    (dict, "a mapping"),
    (type(None), "empty"),
)
_WANTED = {
    "string": "a string",
    "object": "a mapping (key: value lines)",
    "array": "a list (lines that begin with a dash)",
    "boolean": "true or false",
    "integer": "a whole number",
    "null": "null",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Misfit:
    """One disagreement between a value and a schema, in JSON Schema's terms.

    Attributes:
        path: keys and indices from the root to the value.
        keyword: the schema keyword that it offends.
        expected: what that keyword says.
        value: the value.
        schema: the part of the schema that holds the keyword.
        properties: the parts for the value's own keys.
        of_key: whether it is about a key of the value at ``path``, and ``value`` is that key.
    """

    path: tuple[str | int, ...]
    keyword: str
    expected: Any
    value: Any
    schema: Mapping[str, Any]
    properties: Mapping[str, Mapping[str, Any]]
    of_key: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Violation:
    """A disagreement in the user's words.

    Attributes:
        path: to the value that is wrong, or to the mapping that lacks a key.
        rule: a stable kebab-case word.
        message: what is wrong and what was expected.
        remedy: what to write instead, or an empty string.
        at_key: whether the place is the key and not its value.
    """

    path: tuple[str | int, ...]
    rule: str
    message: str
    remedy: str = ""
    at_key: bool = False


def explain(misfit: Misfit) -> Iterable[Violation]:
    """Explains a misfit: several unknown or missing keys of one mapping give a violation each."""
    match misfit.keyword:
        case "additionalProperties":
            return _unknown_keys(misfit)
        case "required":
            return _missing_keys(misfit)
        case "type":
            return (_wrong_type(misfit),)
        case "enum" | "const":
            return (_wrong_choice(misfit),)
        case _:
            return (_wrong_value(misfit),)


def shown_key(key: object) -> str:
    """A key as it may be shown: in quotes, or in general words where it might be a credential."""
    return f'"{key}"' if isinstance(key, str) and _SHOWN_KEY.fullmatch(key) else "this key"


def nearest(word: str, choices: Iterable[str]) -> str | None:
    """The choice that a mistyped word most likely meant, its case, dashes and underscores aside, or None."""
    folded = {_folded(choice): choice for choice in choices}
    close = get_close_matches(_folded(word), folded, n=1, cutoff=0.7)
    return folded[close[0]] if close else None


def _folded(word: str) -> str:
    return re.sub(r"[\s_-]", "", word.casefold())


def _unknown_keys(misfit: Misfit) -> Iterable[Violation]:
    for key in misfit.value:
        if key in misfit.properties:
            continue
        meant = nearest(key, misfit.properties) if isinstance(key, str) else None
        yield Violation(
            path=(*misfit.path, key),
            rule="unknown-key",
            message=f"{shown_key(key)} does not belong here",
            remedy=f'write "{meant}"' if meant else f"the keys here are {', '.join(misfit.properties)}",
            at_key=True,
        )


def _missing_keys(misfit: Misfit) -> Iterable[Violation]:
    for key in misfit.expected:
        if key not in misfit.value:
            yield Violation(
                path=misfit.path,
                rule="missing-key",
                message=f'"{key}" is missing',
                remedy=f"add {_example_line(key, misfit.properties.get(key, {}))}",
            )


def _wrong_type(misfit: Misfit) -> Violation:
    expected = [misfit.expected] if isinstance(misfit.expected, str) else list(misfit.expected)
    found = next((words for kind, words in _FOUND if isinstance(misfit.value, kind)), "something else")
    wanted = " or ".join(_WANTED.get(name, name) for name in expected)
    return Violation(
        path=misfit.path,
        rule="wrong-type",
        message=f"{_subject(misfit)} must be {wanted}, but is {found}",
        remedy=_type_remedy(misfit, expected),
    )


def _type_remedy(misfit: Misfit, expected: list[str]) -> str:
    """An example where the schema has one; quotes where YAML read a string as something else."""
    scalar = isinstance(misfit.value, (bool, int, float))
    if scalar and "string" in expected and not misfit.schema.get("writeOnly"):
        return "put it in quotes"
    return _such_as(misfit.schema)


def _wrong_choice(misfit: Misfit) -> Violation:
    choices = [misfit.expected] if misfit.keyword == "const" else list(misfit.expected)
    words = [choice for choice in choices if isinstance(choice, str)]
    meant = nearest(misfit.value, words) if isinstance(misfit.value, str) else None
    listed = ", ".join(str(choice) for choice in choices)
    return Violation(
        path=misfit.path,
        rule="wrong-value",
        message=f"{_subject(misfit)} must be {'one of ' if len(choices) > 1 else ''}{listed}{_but_is(misfit)}",
        remedy=f"write {meant or listed if len(choices) == 1 or meant else 'one of them'}",
    )


def _but_is(misfit: Misfit) -> str:
    value = misfit.value
    if misfit.schema.get("writeOnly") or isinstance(value, (list, dict, bool, type(None))):
        return ""
    return f", but is {value}" if _SHOWN_VALUE.fullmatch(str(value)) else ""


def _wrong_value(misfit: Misfit) -> Violation:
    """A string of the wrong form, a number out of its range: the schema itself has the words for it."""
    words = misfit.schema.get("patternErrorMessage") if misfit.keyword == "pattern" else None
    limits = {"minimum": "at least", "maximum": "at most", "minLength": "at least as long as"}
    message = words or f"{_subject(misfit)} must be {limits.get(misfit.keyword, misfit.keyword)} {misfit.expected}"
    return Violation(
        path=(*misfit.path, misfit.value) if misfit.of_key else misfit.path,
        rule="wrong-form",
        message=message,
        remedy=_such_as(misfit.schema),
        at_key=misfit.of_key,
    )


def _subject(misfit: Misfit) -> str:
    key = misfit.path[-1] if misfit.path else None
    if isinstance(key, int):
        return "an entry of this list"
    return "the file" if key is None else "this" if shown_key(key) == "this key" else f'"{key}"'


def _such_as(schema: Mapping[str, Any]) -> str:
    examples = [example for example in schema.get("examples", ()) if isinstance(example, (str, int))]
    return f"write, for example, {' or '.join(str(example) for example in examples[:2])}" if examples else ""


def _example_line(key: str, schema: Mapping[str, Any]) -> str:
    examples = [example for example in schema.get("examples", ()) if isinstance(example, (str, int))]
    match schema.get("type"):
        case "array":
            return f'"{key}: []", or a list of entries below it'
        case _:
            return f'"{key}: {examples[0]}"' if examples else f'"{key}"'
