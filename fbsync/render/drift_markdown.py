"""Drift as a comment or an issue: GitHub-flavoured Markdown that stays within a limit of characters."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fbsync.render.drift_entries import KINDS, drift_entries
from fbsync.render.drift_text import drift_summary, total_drift_summary, warning_lines
from fbsync.render.entries import Tone
from fbsync.render.markdown import code, marker, prose
from fbsync.render.markdown_parts import Part, all_environments, block, within_limit
from fbsync.render.plan_origin import environment_suffix, environment_title

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from fbsync.render.drift_found import DriftFound
    from fbsync.render.entries import Entry

_SIGNS = {Tone.REMOVE: "🔴", Tone.CHANGE: "🟡", Tone.QUIET: "⚪"}


def drift_markdown(found: DriftFound, *, max_chars: int) -> str:
    """Render drift for a comment or an issue: each difference with how to undo it and how to keep it.

    Args:
        found: the drift of an environment. The first line is a hidden marker that names the environment.
        max_chars: the limit, in characters. Entries that do not fit are left out as a whole, and counted.
    """
    first = f"{marker('fbsync-drift', found.environment)}\n"
    heads = (f"{first}\n{_head(found)}", f"{first}\n**{drift_summary(found.drift)}**\n\n")
    text = within_limit(tuple(_parts(found)), heads, max_chars)
    return f"**{drift_summary(found.drift)}** Details are left out because of the length.\n" if text is None else text


def drifts_markdown(
    found: Sequence[DriftFound], problems: Sequence[tuple[str | None, str]] = (), *, max_chars: int
) -> str:
    """Render the drift of several environments for one comment, like ``plans_markdown``.

    Args:
        found: the drift of each environment.
        problems: the environments that could not be compared, with reasons.
        max_chars: the limit, which the environments share.
    """
    counts = f"**{total_drift_summary([one.drift for one in found])}**"
    bodies = [
        (
            (
                _head(one, of_several=True),
                f"### {code(environment_title(one.environment))}\n\n**{drift_summary(one.drift)}**\n\n",
            ),
            _parts(one),
        )
        for one in found
    ]
    return all_environments("drift", counts, bodies, problems, max_chars=max_chars)


def _head(found: DriftFound, *, of_several: bool = False) -> str:
    about = environment_suffix(found.environment, code, of_several=of_several)
    server = "" if found.other_server is None else f" on {code(found.other_server)}"
    return f"### fbsync drift{about}{server}\n\n**{drift_summary(found.drift)}**\n\n"


def _parts(found: DriftFound) -> Iterator[Part]:
    sentences = f"{' '.join(map(prose, found.remarks))}\n\n"
    yield Part(opening="", units=(sentences,), closing="", noun="sentence on what it was compared with")
    warnings = tuple(f"- ⚠️ {prose(line)}\n" for line in warning_lines(found))
    yield Part(opening="", units=warnings, closing="\n", noun="warnings")
    entries = drift_entries(found)
    for kind, words, tone in KINDS:
        same = [entry for entry in entries if entry.kind == kind]
        title = f"{_SIGNS[tone]} {len(same)} {words}"
        is_quiet = tone is Tone.QUIET
        fold = f"<details>\n<summary>{title}</summary>\n\n" if is_quiet else f"#### {title}\n\n"
        yield Part(
            opening=f"{fold}```diff\n",
            units=tuple(map(_unit, same)),
            closing=f"```\n\n{'</details>' if is_quiet else ''}".rstrip("\n") + "\n\n",
            noun=words,
            between="\n",
            is_detail=is_quiet,
        )


def _unit(entry: Entry) -> str:
    return block(entry) + "".join(f"!     note: {warning}\n" for warning in entry.warnings)
