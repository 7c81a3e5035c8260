"""The variables of a manifest as a comment: unset ones first, set ones folded."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fbsync.render.markdown import code, marker, prose
from fbsync.render.markdown_parts import Part, all_environments, shortened, within_limit
from fbsync.render.paint import visible
from fbsync.render.plan_origin import environment_title, files_sentence
from fbsync.render.variable_places import MEANS, places, status, total_sentence, variables_count

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from fbsync.render.document import Json


def variables_markdown(part: Json, *, max_chars: int) -> str:
    """Render the variables of one environment.

    Args:
        part: the environment's part of the result document. The first line is a hidden marker with the environment.
        max_chars: the limit, in characters. Variables that do not fit are left out as a whole, and counted.
    """
    environment = part["environment"]
    first = f"{marker('fbsync-env', environment)}\n"
    about = "" if environment is None else f" for {code(visible(environment))}"
    counts = f"**{variables_count(part)}**\n\n"
    heads = (f"{first}\n### fbsync env{about}\n\n{counts}", f"{first}\n{counts}")
    return within_limit(tuple(_parts(part)), heads, max_chars) or f"{counts}"


def all_variables_markdown(
    parts: Sequence[Json], problems: Sequence[tuple[str | None, str]] = (), *, max_chars: int
) -> str:
    """Render the variables of several environments for one comment.

    Args:
        parts: the environments' parts of the result document.
        problems: the environments whose variables could not be read, with reasons.
        max_chars: the limit, which the environments share.
    """
    bodies = [
        ((f"### {code(environment_title(part['environment']))}\n\n**{variables_count(part)}**\n\n",), _parts(part))
        for part in parts
    ]
    return all_environments("env", f"**{total_sentence(parts)}**", bodies, problems, max_chars=max_chars)


def _parts(part: Json) -> Iterator[Part]:
    means = part["signs_in_with"]
    signing_in = " with ".join(map(code, means)) if means else f"not possible: set {prose(MEANS)}"
    files = f" {prose(files_sentence(part['variable_files']))}" if part["variable_files"] else ""
    yield Part(opening="", units=(f"Signing in: {signing_in}.{files}\n\n",), closing="", noun="sentence on signing in")
    lacking = [one for one in part["variables"] if not one["set"]]
    rest = [one for one in part["variables"] if one["set"]]
    yield Part(opening="", units=tuple(map(_variable_line, lacking)), closing="\n", noun="variables that are not set")
    yield Part(
        opening=f"<details>\n<summary>🟢 <b>{len(rest)} set</b></summary>\n\n",
        units=tuple(map(_variable_line, rest)),
        closing="\n</details>\n\n",
        noun="variables that are set",
        is_detail=True,
    )


def _variable_line(variable: Json) -> str:
    sign = "🟢" if variable["set"] else "🔴"
    used = shortened([f"{words} ({code(place)})" for place, words in places(variable, code)])
    return f"- {sign} {code(variable['name'])}: {prose(status(variable))}; {used}\n"
