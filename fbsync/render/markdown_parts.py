"""A comment in parts. Entries that exceed its limit are left out as a whole, and counted."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from fbsync.render.entries import Entry, Row, Tone, counted
from fbsync.render.markdown import code, marker, prose
from fbsync.render.paint import visible
from fbsync.render.plan_origin import environment_title

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

LEAST_CHARS = 120
"""Enough for only the summary sentence."""

ALL = "*"
"""The marker's word for all environments. No environment has this name."""

_DONE = {"plan": "planned", "drift": "compared", "env": "read"}
_MOST_NAMES = 10
_SIGNS = {Tone.ADD: "+", Tone.CHANGE: "!", Tone.REMOVE: "-", Tone.TROUBLE: "!", Tone.QUIET: "#"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """A part of the comment. Each of its units is complete, or left out and counted.

    Attributes:
        opening: the text before the units.
        units: the units. Each ends with a line break.
        closing: the text after the units.
        noun: the name of the units, to follow a number.
        between: the text between two units.
        is_detail: whether other parts have priority if there is little room.
    """

    opening: str
    units: tuple[str, ...]
    closing: str
    noun: str
    between: str = ""
    is_detail: bool = False

    def text(self, kept: Sequence[str]) -> str:
        """Return the part's text with some of its units, or an empty string for no units."""
        return f"{self.opening}{self.between.join(kept)}{self.closing}" if kept else ""


def within_limit(parts: Sequence[Part], heads: Sequence[str], room: int) -> str | None:
    """Return a text of a head and parts that stays within a limit, or None if nothing fits.

    Args:
        parts: the parts, most important first.
        heads: possible starts of the text, longest first.
        room: the limit, in characters.
    """
    parts = [part for part in parts if part.units]
    whole = "".join((heads[0], *(part.text(part.units) for part in parts)))
    if len(whole) <= room:
        return _with_end(whole)
    reserved = len(_left_out([(len(part.units), part.noun) for part in parts]))
    for head in heads:
        if len(head) + reserved <= room:
            return _with_end(head + _fitted(parts, room - reserved - len(head)))
    return None


def all_environments(
    command: str,
    counts: str,
    bodies: Sequence[tuple[tuple[str, ...], Iterable[Part]]],
    problems: Sequence[tuple[str | None, str]],
    *,
    max_chars: int,
) -> str:
    """Return a comment about several environments, which share its limit.

    Args:
        command: the command's name.
        counts: the summary of all environments.
        bodies: for each environment, the possible starts of its text, longest first, and its parts.
        problems: the environments without a result, with reasons.
        max_chars: the limit, in characters.
    """
    first = f"{marker(f'fbsync-{command}', ALL)}\n"
    head = f"{first}\n## fbsync {command}: all environments\n\n{counts}\n\n"
    units = tuple(
        f"> - {code(environment_title(environment))}: {prose(visible(why))}\n" for environment, why in problems
    )
    failed = f"> [!CAUTION]\n> **{counted(len(units), 'environment')} could not be {_DONE[command]}**\n>\n"
    texts = [
        within_limit([Part(opening=failed, units=units, closing="\n", noun="reasons why")], (head,), max_chars) or head
    ]
    for at, (heads, parts) in enumerate(bodies):
        share = (max_chars - sum(map(len, texts))) // (len(bodies) - at)
        text = within_limit(tuple(parts), heads, share - 1)
        short = heads[-1] if len(heads[-1]) < share else ""
        texts.append(f"\n{short if text is None else text}")
    whole = "".join(texts)
    return whole if len(whole) <= max_chars else f"{first}{counts}\n"


def _with_end(text: str) -> str:
    return text.rstrip("\n") + "\n"


def _fitted(parts: Sequence[Part], room: int) -> str:
    """Return the sentence about what is left out, and as many units as fit. Earlier parts have priority."""
    kept: dict[int, list[str]] = {}
    for at in sorted(range(len(parts)), key=lambda at: parts[at].is_detail):
        kept[at], room = _units_with_room(parts[at], room)
    missing = [(left, part.noun) for at, part in enumerate(parts) if (left := len(part.units) - len(kept[at]))]
    return "".join((_left_out(missing), *(part.text(kept[at]) for at, part in enumerate(parts))))


def _units_with_room(part: Part, room: int) -> tuple[list[str], int]:
    """Return the units of a part that fit, and the remaining room."""
    kept: list[str] = []
    frame = len(part.opening) + len(part.closing)
    for unit in part.units:
        cost = len(unit) + (len(part.between) if kept else frame)
        if cost <= room:
            kept.append(unit)
            room -= cost
    return kept, room


def _left_out(missing: Sequence[tuple[int, str]]) -> str:
    counts = ", ".join(f"{number} {noun}" for number, noun in missing)
    return f"**Left out because of the length:** {counts}. The counts above are complete.\n\n"


def shortened(names: Sequence[str]) -> str:
    """List the first names, and say how many more there are."""
    rest = len(names) - _MOST_NAMES
    said = ", ".join(names[:_MOST_NAMES])
    return f"{said} and {rest} more" if rest > 0 else said


def block(entry: Entry) -> str:
    """Return an entry's lines for a fenced block. Each starts with a sign or a space, so none can end the block."""
    about = ", ".join((f"workspace {entry.workspace}", *entry.marks))
    why = f": {entry.why}" if entry.why else ""
    lines = [f"{_SIGNS[entry.tone]} {entry.name} ({about}){why}"]
    width = max((len(row.label) for row in entry.rows), default=0) + 1
    for row in entry.rows:
        lines += _row_lines(row, width)
    if entry.hint:
        lines.append(f"!     fix: {entry.hint}")
    return "\n".join([*lines, ""])


def _row_lines(row: Row, width: int) -> Iterator[str]:
    label = f"{row.label + ':':<{width}}"
    note = f" ({row.note})" if row.note else ""
    if row.before is not None and row.after is not None:
        yield f"-     {label} {row.before}"
        yield f"+     {label} {row.after}{note}"
    else:
        sign = " " if row.tone is Tone.QUIET else _SIGNS[row.tone]
        yield f"{sign}     {label} {row.before if row.after is None else row.after}{note}"
