"""Explain a value that has the wrong type or format, or that is not one of the allowed words."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from fbsync.model.configurations import REFERENCE
from fbsync.redact import is_wordlike, nearest, quoted, same_word
from fbsync.schema.violations import Misfit, Violation, as_written

if TYPE_CHECKING:
    from collections.abc import Mapping

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
    "object": "a mapping (lines of key: value)",
    "array": "a list (lines that start with a dash)",
    "boolean": "true or false",
    "integer": "a whole number",
    "number": "a number",
    "null": "null",
}
_NOTHING = {"array": "write [] for an empty list", "object": "write {} for an empty mapping"}
_YES_AND_NO = dict.fromkeys(("yes", "on", "y", "true", "1"), "true") | dict.fromkeys(
    ("no", "off", "n", "false", "0"), "false"
)
"""What people write for true and false: the words of YAML 1.1, and the right words in quotes."""

_REFERENCE = re.compile(REFERENCE)
_BAD_NAME = re.compile(r"\$[{<]?[\w.\s-]*[}>]?")
_EXPRESSION = re.compile(r"\$?\{\{")


def explain_value(misfit: Misfit) -> Violation:
    """Explain a misfit that is about a value, not about a mapping's keys."""
    if misfit.is_credential:
        message, remedy, rule = *_wrong_credential(misfit), "not-a-reference"
    elif misfit.keyword == "type":
        message, remedy, rule = *_wrong_type(misfit), "wrong-type"
    elif misfit.keyword in ("enum", "const"):
        message, remedy, rule = *_wrong_choice(misfit), "wrong-value"
    else:
        message, remedy, rule = _wrong_form(misfit), _such_as(misfit), "wrong-form"
    path = (*misfit.path, misfit.value) if misfit.of_key else misfit.path
    return Violation(path=path, rule=rule, message=message, remedy=remedy, at_key=misfit.of_key)


def _wrong_credential(misfit: Misfit) -> tuple[str, str]:
    """Return the message and the remedy for a credential. They depend only on the kind of value and never show it."""
    wanted = f"{_subject(misfit)} must be exactly one reference to an environment variable"
    example = misfit.examples[0] if misfit.examples else "$NAME"
    value = misfit.value
    if not isinstance(value, str) or not value.strip():
        found = "empty" if isinstance(value, str) else _kind_of(value)
        return f"{wanted}, but is {found}", f"write, for example, {example}"
    if _EXPRESSION.match(value):
        return (
            f"{wanted}, but is an expression of another tool",
            f"have that tool set a variable, and write {example} here",
        )
    if _BAD_NAME.fullmatch(value.strip()):
        advice = "the name has letters, digits and underscores, does not start with a digit, and stands alone"
        return f"{wanted}; `$` is not followed by a valid variable name", f"write, for example, {example}: {advice}"
    if _REFERENCE.search(value):
        return (
            f"{wanted}, but has other text around it",
            f"put the whole text in one variable, and write {example} alone",
        )
    advice = f"put the credential in a variable and write {example} here"
    return f"{wanted}, never the credential itself", f"{advice}; if it was ever committed, revoke it"


def _wrong_type(misfit: Misfit) -> tuple[str, str]:
    expected = [misfit.expected] if isinstance(misfit.expected, str) else list(misfit.expected)
    wanted = " or ".join(_WANTED.get(name, name) for name in expected)
    return f"{_subject(misfit)} must be {wanted}, but is {_kind_of(misfit.value)}", _type_remedy(misfit, expected)


def _type_remedy(misfit: Misfit, expected: list[str]) -> str:
    value = misfit.value
    is_item = isinstance((misfit.path or (0,))[-1], int)
    if (
        value is None
        and not is_item
        and (nothing := next((_NOTHING[name] for name in expected if name in _NOTHING), ""))
    ):
        return nothing
    if "string" in expected and isinstance(value, (bool, int, float)) and _fits_in_quotes(misfit):
        return "put it in quotes"
    if "boolean" in expected and (meant := _YES_AND_NO.get(str(value).casefold())):
        return f"write {meant}" + (", without quotes" if value == meant else "")
    return str(misfit.schema.get("remedy", "")) or _such_as(misfit)


def _fits_in_quotes(misfit: Misfit) -> bool:
    """Whether the value would be valid as a string."""
    return re.search(misfit.schema.get("pattern", ""), as_written(misfit.value)) is not None


def _wrong_choice(misfit: Misfit) -> tuple[str, str]:
    choices = [misfit.expected] if misfit.keyword == "const" else list(misfit.expected)
    listed = ", ".join(str(choice) for choice in choices)
    message = f"{_subject(misfit)} must be {'one of ' if len(choices) > 1 else ''}{listed}{_but_is(misfit.value)}"
    if len(choices) == 1:
        quoted = isinstance(misfit.value, str) and misfit.value.strip() == listed
        return message, f"write {listed}" + (", without quotes" if quoted else "")
    return message, f"write {_meant_choice(misfit) or 'one of them'}"


def _meant_choice(misfit: Misfit) -> str | None:
    """Return the choice that a word means: it is a typo, or a synonym in the schema (``choiceSynonyms``)."""
    if not isinstance(misfit.value, str):
        return None
    synonyms: Mapping[str, Any] = misfit.schema.get("choiceSynonyms", {})
    meanings = {word: choice for choice, words in synonyms.items() for word in words}
    return nearest(misfit.value, misfit.expected) or meanings.get(same_word(misfit.value, meanings) or "")


def _but_is(value: object) -> str:
    """Return the value if it is a short, word-like scalar, or its kind if it is a list, a mapping or empty."""
    if isinstance(value, (list, dict, type(None))):
        return f", but is {_kind_of(value)}"
    if isinstance(value, str):
        return f', but is "{value}"' if is_wordlike(value) else ""
    return f", but is {as_written(value)}" if is_wordlike(str(value)) else ""


def _wrong_form(misfit: Misfit) -> str:
    """Return the message for a string of the wrong form or a number out of range. The schema may provide it."""
    schema = misfit.schema
    match misfit.keyword:
        case "pattern" if "patternErrorMessage" in schema:
            return str(schema["patternErrorMessage"])
        case "minimum" | "maximum":
            limits = [
                f"{word} {schema[key]}" for key, word in (("minimum", "from"), ("maximum", "to")) if key in schema
            ]
            return f"{_subject(misfit)} must be a number {' '.join(limits)}"
        case "minLength" | "minItems" if misfit.expected == 1:
            return f"{_subject(misfit)} must not be empty"
        case _:
            return f"{_subject(misfit)} has the wrong format"


def _subject(misfit: Misfit) -> str:
    match misfit.path[-1:]:
        case ():
            return "the file"
        case (str(key),):
            return quoted(key, "this")
        case _:
            return "each entry of this list"


def _kind_of(value: object) -> str:
    return next((words for kind, words in _FOUND if isinstance(value, kind)), "something else")


def _such_as(misfit: Misfit) -> str:
    return f"write, for example, {' or '.join(misfit.examples[:2])}" if misfit.examples else ""
