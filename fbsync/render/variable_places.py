"""Describe a variable for ``env``: whether it is set, and where it is used."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fbsync.render.entries import counted
from fbsync.render.paint import visible

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from fbsync.render.document import Json

MEANS = "FLASHBACK_TOKEN, or FLASHBACK_REFRESH_TOKEN, or FLASHBACK_EMAIL with FLASHBACK_PASSWORD"


def status(variable: Json) -> str:
    """Say whether and where a variable is set."""
    if variable["empty"]:
        return "set but empty"
    return f"set ({visible(variable['source'])})" if variable["set"] else "not set"


def places(variable: Json, quoted: Callable[[str], str] = str) -> list[tuple[str, str]]:
    """Return the places where a variable is used, with its purposes. A default for many entries is one place.

    Args:
        variable: the variable's item in the result document.
        quoted: quotes a name.
    """
    found: dict[tuple[str, str], list[Json]] = {}
    for use in variable["uses"]:
        place = ":".join(str(use[part]) for part in ("file", "line", "column") if use[part])
        found.setdefault((place, use["field"]), []).append(use)
    return [(visible(place), f"{field} of {_users(users, quoted)}") for (place, field), users in found.items()]


def _users(uses: Sequence[Json], quoted: Callable[[str], str]) -> str:
    if len(uses) > 1:
        return f"{len(uses)} entries"
    return quoted(visible(uses[0]["entry"])) if uses[0]["entry"] else "an entry"


def variables_count(part: Json) -> str:
    """Say how many variables there are, and how many are not set."""
    variables = part["variables"]
    return f"{counted(len(variables), 'variable')}, {sum(not one['set'] for one in variables)} not set"


def total_sentence(parts: Sequence[Json]) -> str:
    """Say the same for several environments, counting each variable once."""
    names = {one["name"] for part in parts for one in part["variables"]}
    unset = {one["name"] for part in parts for one in part["variables"] if not one["set"]}
    return f"{counted(len(names), 'variable')}, {len(unset)} not set somewhere"
