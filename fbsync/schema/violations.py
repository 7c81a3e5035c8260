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
        keyword: the schema keyword that is violated.
        expected: the value of that keyword in the schema.
        value: the value.
        schema: the part of the schema that has the keyword.
        properties: the schema's parts for the keys of a mapping.
        of_key: whether a key of the mapping at ``path`` is wrong. ``value`` is then that key.
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
        """Whether the value should be a reference to a credential, so that it must not be shown."""
        return bool(self.schema.get("writeOnly"))

    @property
    def examples(self) -> tuple[str, ...]:
        """The schema's examples of an allowed value."""
        return tuple(
            as_written(example) for example in self.schema.get("examples", ()) if not isinstance(example, dict)
        )


def as_written(value: object) -> str:
    """Return a scalar as YAML writes it."""
    return str(value).lower() if isinstance(value, bool) else str(value)


@dataclass(frozen=True, slots=True, kw_only=True)
class Violation:
    """A violation in the user's words.

    Attributes:
        path: the path of the wrong value, or of the mapping that lacks a key.
        rule: a stable name in kebab case.
        message: what is wrong and what was expected.
        remedy: what to write instead, or an empty string.
        at_key: whether the position to show is the key's, not the value's.
    """

    path: tuple[str | int, ...]
    rule: str
    message: str
    remedy: str = ""
    at_key: bool = False
