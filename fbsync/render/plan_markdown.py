"""A plan as a pull request's comment: GitHub-flavoured Markdown that stays within a limit of characters."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from fbsync.render.entries import Entry, Row, Tone, counted
from fbsync.render.markdown import code, marker, prose
from fbsync.render.paint import visible
from fbsync.render.plan_counts import Unverified, further_counts, summary, unverified
from fbsync.render.plan_entries import Kind, plan_entries

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from fbsync.model.changes import Plan

LEAST_CHARS = 120
"""What the summary sentence alone fits in."""

_MOST_NAMES = 10
_SIGNS = {Tone.ADD: "+", Tone.CHANGE: "!", Tone.REMOVE: "-", Tone.TROUBLE: "!", Tone.QUIET: "#"}
_TITLES = {
    Kind.BLOCKED: ("⛔", "blocked"),
    Kind.DELETE: ("🔴", "to destroy"),
    Kind.ADOPT: ("🟠", "to adopt"),
    Kind.CREATE: ("🟢", "to add"),
    Kind.UPDATE: ("🟡", "to change"),
    Kind.FORGET: ("⚪", "to forget"),
    Kind.UNDECLARED: ("⚪", "no longer declared"),
}
_OPEN = (Kind.BLOCKED, Kind.DELETE, Kind.ADOPT)
_FOLDED = (Kind.CREATE, Kind.UPDATE, Kind.FORGET, Kind.UNDECLARED)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Part:
    """A part of the comment: what it is made of stands there as a whole, or is left out and counted.

    Attributes:
        units: each ends with a line break.
        between: what stands between two units.
        noun: what the units are, after a number.
    """

    opening: str
    units: tuple[str, ...]
    closing: str
    noun: str
    between: str = ""

    def text(self, kept: Sequence[str]) -> str:
        return f"{self.opening}{self.between.join(kept)}{self.closing}" if kept else ""


def plan_markdown(plan: Plan, *, environment: str | None, compared: str, max_chars: int) -> str:
    """Renders a plan for a comment: first the counts and what is destroyed, then, folded, the rest.

    Args:
        plan: the plan.
        environment: the environment's name, or None for the manifest itself. It is in the first line, a hidden
            marker by which a program finds the comment again that it is to replace.
        compared: the sentence that says what was compared with what.
        max_chars: the limit, in characters (code points). GitHub takes 65,536 in a comment.

    Returns:
        At most that many characters. What does not fit is left out by whole entries, and counted.

    Raises:
        ValueError: the limit is below ``LEAST_CHARS``.
    """
    if max_chars < LEAST_CHARS:
        raise ValueError(f"a plan needs at least {LEAST_CHARS} characters")
    parts = [part for part in _parts(plan, compared) if part.units]
    first = f"{marker('fbsync-plan', environment)}\n"
    counts = f"**{summary(plan)}**"
    head = first + _head(plan, environment)
    whole = "".join((head, *(part.text(part.units) for part in parts)))
    if len(whole) <= max_chars:
        return _ended(whole)
    reserved = len(_left_out([(len(part.units), part.noun) for part in parts]))
    for beginning in (head, f"{first}\n{counts}\n\n"):
        if len(beginning) + reserved <= max_chars:
            return _ended(beginning + _fitted(parts, max_chars - reserved - len(beginning)))
    short = f"{counts} The details are left out for length.\n"
    return first + short if len(first) + len(short) <= max_chars else short


def _ended(text: str) -> str:
    return text.rstrip("\n") + "\n"


def _fitted(parts: Sequence[_Part], room: int) -> str:
    """How much is left out, and as many units as there is room for beside that, those of the first parts first."""
    texts: list[str] = []
    missing: list[tuple[int, str]] = []
    for part in parts:
        kept: list[str] = []
        frame = len(part.opening) + len(part.closing)
        for unit in part.units:
            cost = len(unit) + (len(part.between) if kept else frame)
            if cost <= room:
                kept.append(unit)
                room -= cost
        texts.append(part.text(kept))
        if len(kept) < len(part.units):
            missing.append((len(part.units) - len(kept), part.noun))
    return "".join((_left_out(missing), *texts))


def _left_out(missing: Sequence[tuple[int, str]]) -> str:
    counts = ", ".join(f"{number} {noun}" for number, noun in missing)
    return f"**Left out for length:** {counts}. The plan itself is as counted above.\n\n"


def _head(plan: Plan, environment: str | None) -> str:
    about = "" if environment is None else f" for {code(visible(environment))}"
    warnings = sum(len(entry.warnings) for entry in plan_entries(plan))
    more = (*further_counts(plan), *((counted(warnings, "warning"),) if warnings else ()))
    rest = f" Also: {', '.join(more)}." if more else ""
    return f"\n### fbsync plan{about}\n\n**{summary(plan)}**{rest}\n\n"


def _parts(plan: Plan, compared: str) -> Iterator[_Part]:
    """The parts in their order, which is that of their weight."""
    entries = plan_entries(plan)
    by_kind = {kind: [entry for entry in entries if entry.kind == kind] for kind in (*_OPEN, *_FOLDED)}
    yield _Part(
        opening="",
        units=(f"{prose(visible(compared))}\n\n",),
        closing="",
        noun="sentence on what it was compared with",
    )
    yield from (_open(kind, by_kind[kind]) for kind in _OPEN)
    yield _warnings(entries)
    yield _unverified(plan)
    yield from (_folded(kind, by_kind[kind]) for kind in _FOLDED)


def _open(kind: Kind, entries: Sequence[Entry]) -> _Part:
    sign, words = _TITLES[kind]
    return _Part(
        opening=f"#### {sign} {len(entries)} {words}\n\n```diff\n",
        units=tuple(map(_block, entries)),
        closing="```\n\n",
        noun=words,
        between="\n",
    )


def _folded(kind: Kind, entries: Sequence[Entry]) -> _Part:
    sign, words = _TITLES[kind]
    return _Part(
        opening=f"<details>\n<summary>{sign} <b>{len(entries)} {words}</b></summary>\n\n```diff\n",
        units=tuple(map(_block, entries)),
        closing="```\n\n</details>\n\n",
        noun=words,
        between="\n",
    )


def _warnings(entries: Sequence[Entry]) -> _Part:
    units = tuple(
        f"> - {code(entry.name)} in {code(entry.workspace)}: {prose(warning)}\n"
        for entry in entries
        for warning in entry.warnings
    )
    noun = "warning" if len(units) == 1 else "warnings"
    opening = f"> [!WARNING]\n> **{counted(len(units), 'warning')}**\n>\n"
    return _Part(opening=opening, units=units, closing="\n", noun=noun)


def _unverified(plan: Plan) -> _Part:
    units = tuple(f"> - {code(item.reference)}: {item.why} ({_users(item)})\n" for item in unverified(plan))
    return _Part(
        opening="> [!NOTE]\n> **Credentials that could not be compared, and may have changed**\n>\n",
        units=units,
        closing="\n",
        noun="credentials not verified",
    )


def _users(item: Unverified) -> str:
    rest = len(item.entries) - _MOST_NAMES
    names = ", ".join(map(code, item.entries[:_MOST_NAMES]))
    return f"{names} and {rest} more" if rest > 0 else names


def _block(entry: Entry) -> str:
    """An entry's lines within a fence. Each begins with a sign or a label, so that none can be taken for its end."""
    about = ", ".join((f"workspace {entry.workspace}", *entry.marks))
    why = f": {entry.why}" if entry.why else ""
    lines = [f"{_SIGNS[entry.tone]} {entry.name} ({about}){why}"]
    width = max((len(row.label) for row in entry.rows), default=0) + 1
    for row in entry.rows:
        lines += _row_lines(row, width)
    if entry.hint:
        lines.append(f"!     what to do: {entry.hint}")
    lines += [f"!     warning: {warning}" for warning in entry.warnings]
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
