"""Violations of a schema: in JSON Schema's terms, and in the user's words."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True, slots=True, kw_only=True)
class Misfit:
    """One violation of a schema, in JSON Schema's terms.

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

    @property
    def is_credential(self) -> bool:
        """Whether the value should have been a reference to a credential, and is not to be shown."""
        return bool(self.schema.get("writeOnly"))

    @property
    def examples(self) -> tuple[str, ...]:
        """What is allowed here, from the schema."""
        return tuple(
            as_written(example) for example in self.schema.get("examples", ()) if not isinstance(example, dict)
        )


def as_written(value: object) -> str:
    """A scalar as YAML has it."""
    return str(value).lower() if isinstance(value, bool) else str(value)


@dataclass(frozen=True, slots=True, kw_only=True)
class Violation:
    """A violation in the user's words.

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
