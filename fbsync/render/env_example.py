"""Write ``.env.example``: the variables that a manifest needs, without values and with their purposes."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from fbsync.model.configurations import VARIABLE_NAME
from fbsync.render.paint import visible

if TYPE_CHECKING:
    from collections.abc import Iterable

_NAMED = re.compile(rf"^[ \t]*#?[ \t]*(?:export[ \t]+)?({VARIABLE_NAME})[ \t]*=", re.MULTILINE)
"""A line for a variable. A commented-out line counts too: somebody had a reason for it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Needed:
    """A variable to set.

    Attributes:
        name: the variable's name.
        purposes: its purposes, a phrase each.
    """

    name: str
    purposes: tuple[str, ...]


SIGNING_IN = Needed(
    name="FLASHBACK_TOKEN",
    purposes=("for signing in (or FLASHBACK_REFRESH_TOKEN, or FLASHBACK_EMAIL with FLASHBACK_PASSWORD)",),
)


def needed(uses: Iterable[tuple[str, str]]) -> tuple[Needed, ...]:
    """Return the variables for signing in and for a manifest.

    Args:
        uses: variables' names with purposes, in the order to write them. Duplicates are ignored.
    """
    purposes: dict[str, dict[str, None]] = {}
    for name, purpose in uses:
        purposes.setdefault(name, {})[purpose] = None
    return (SIGNING_IN, *(Needed(name=name, purposes=tuple(what)) for name, what in purposes.items()))


def env_example(variables: Iterable[Needed], existing: str = "") -> str:
    """Return the file's new text: the existing text, unchanged, and after it the variables that it lacks.

    Args:
        variables: the variables, in the order to write them.
        existing: the file's existing text, or an empty string.
    """
    there = set(_NAMED.findall(existing))
    end = "\r\n" if "\r\n" in existing else "\n"
    lines = []
    for variable in variables:
        if variable.name not in there:
            there.add(variable.name)
            lines += [*(f"# {visible(purpose)}" for purpose in variable.purposes), f"{variable.name}="]
    if not lines:
        return existing
    gap = "" if not existing or existing.endswith("\n") else end
    return existing + gap + "".join(line + end for line in lines)
