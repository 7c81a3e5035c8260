"""``.env.example``: the variables that a manifest needs, without values, each with its purpose."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from fbsync.model.configurations import VARIABLE_NAME
from fbsync.render.paint import visible

if TYPE_CHECKING:
    from collections.abc import Iterable

_NAMED = re.compile(rf"^[ \t]*#?[ \t]*(?:export[ \t]+)?({VARIABLE_NAME})[ \t]*=", re.MULTILINE)
"""A line for a variable, even if it is commented out: somebody had a reason."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Needed:
    """A variable to set.

    Attributes:
        purposes: what it is for, a phrase each.
    """

    name: str
    purposes: tuple[str, ...]


SIGNING_IN = Needed(
    name="FLASHBACK_TOKEN",
    purposes=("for signing in (or FLASHBACK_REFRESH_TOKEN, or FLASHBACK_EMAIL with FLASHBACK_PASSWORD)",),
)


def needed(uses: Iterable[tuple[str, str]]) -> tuple[Needed, ...]:
    """The variables for signing in and for a manifest.

    Args:
        uses: a variable's name and what it is for, in the order in which they are to stand; each once is enough.
    """
    purposes: dict[str, dict[str, None]] = {}
    for name, purpose in uses:
        purposes.setdefault(name, {})[purpose] = None
    return (SIGNING_IN, *(Needed(name=name, purposes=tuple(what)) for name, what in purposes.items()))


def env_example(variables: Iterable[Needed], existing: str = "") -> str:
    """The file's text: what is there, byte for byte, and after it the variables that it does not have yet.

    Args:
        variables: in the order in which they are to stand.
        existing: the file's present text, or nothing.
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
