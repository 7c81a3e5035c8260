"""The variables of a manifest as text: where each is set, and where it is used."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fbsync.render.paint import visible
from fbsync.render.variable_places import MEANS, places, status, total_sentence, variables_count

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from fbsync.render.document import Json
    from fbsync.render.paint import Paint

_FIRST_PLACES = 3
"""How many places of a variable are listed by default."""


def variables_text(part: Json, *, paint: Paint, verbose: bool = False) -> str:
    """Render the variables of one environment.

    Args:
        part: the environment's part of the result document.
        paint: colours.
        verbose: whether to list every place.
    """
    return "\n".join([*_variable_lines(part, paint, verbose=verbose), ""])


def all_variables_text(parts: Sequence[Json], *, paint: Paint, verbose: bool = False) -> str:
    """Render the variables of several environments, one after the other, and a summary of all.

    Args:
        parts: the environments' parts of the result document.
        paint: as for one environment.
        verbose: as for one environment.
    """
    lines = []
    for part in parts:
        environment = "none (without -e)" if part["environment"] is None else visible(part["environment"])
        lines += [f"Environment: {paint.bold(environment)}", *_variable_lines(part, paint, verbose=verbose), ""]
    return "\n".join([*lines, f"All environments: {paint.bold(total_sentence(parts))}", ""])


def _variable_lines(part: Json, paint: Paint, *, verbose: bool) -> Iterator[str]:
    for variable in part["variables"]:
        state = status(variable)
        yield f"{paint.bold(variable['name'])}: {paint.green(state) if variable['set'] else paint.red(state)}"
        used = places(variable)
        shown = used if verbose else used[:_FIRST_PLACES]
        yield from (f"    {place}: {words}" for place, words in shown)
        if more := len(used) - len(shown):
            yield f"    and {more} more; -v lists them"
    means = part["signs_in_with"]
    signing_in = paint.green(" with ".join(means)) if means else paint.red("not possible") + f": set {MEANS}"
    yield f"Signing in: {signing_in}"
    if part["variable_files"]:
        yield f".env files: {', '.join(map(visible, part['variable_files']))}"
    yield variables_count(part)
