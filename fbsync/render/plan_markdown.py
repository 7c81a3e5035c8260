"""A plan as a pull request's comment: GitHub-flavoured Markdown that stays within a limit of characters."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from fbsync.render.entries import Entry, Row, Tone, counted
from fbsync.render.markdown import code, marker, prose
from fbsync.render.plan_counts import (
    Unverified,
    further_counts,
    refusal_reasons,
    summary,
    unverified,
    unverified_sentence,
)
from fbsync.render.plan_entries import Kind, plan_entries
from fbsync.render.plan_origin import comparison, place

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from fbsync.render.document import Json

LEAST_CHARS = 120
"""What the summary sentence alone fits in."""

_MOST_NAMES = 10
_MOST_OPEN = 10
"""More deletions than this are folded."""
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
_LISTED = (Kind.CREATE, Kind.UPDATE)
_FOLDED = (Kind.FORGET, Kind.UNDECLARED)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Part:
    """A part of the comment: what it is made of stands there as a whole, or is left out and counted.

    Attributes:
        units: each ends with a line break.
        between: what stands between two units.
        noun: what the units are, after a number.
        is_detail: whether everything else comes first where there is little room.
    """

    opening: str
    units: tuple[str, ...]
    closing: str
    noun: str
    between: str = ""
    is_detail: bool = False

    def text(self, kept: Sequence[str]) -> str:
        return f"{self.opening}{self.between.join(kept)}{self.closing}" if kept else ""


def plan_markdown(document: Json, *, max_chars: int) -> str:
    """Renders a plan for a comment: first the counts and what is destroyed, then names, and folded what they hold.

    Args:
        document: the plan's document. The environment is in the first line, a hidden marker by which a program
            finds the comment again that it is to replace.
        max_chars: the limit, in characters (code points). GitHub takes 65,536 in a comment.

    Returns:
        At most that many characters. What does not fit is left out by whole entries, and counted.

    Raises:
        ValueError: the limit is below ``LEAST_CHARS``.
    """
    if max_chars < LEAST_CHARS:
        raise ValueError(f"a plan needs at least {LEAST_CHARS} characters")
    parts = [part for part in _parts(document) if part.units]
    first = f"{marker('fbsync-plan', document['environment'])}\n"
    counts = f"**{summary(document)}**"
    head = first + _head(document)
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
    kept: dict[int, list[str]] = {}
    for at in sorted(range(len(parts)), key=lambda at: parts[at].is_detail):
        kept[at], room = _kept(parts[at], room)
    missing = [(left, part.noun) for at, part in enumerate(parts) if (left := len(part.units) - len(kept[at]))]
    return "".join((_left_out(missing), *(part.text(kept[at]) for at, part in enumerate(parts))))


def _kept(part: _Part, room: int) -> tuple[list[str], int]:
    """The units of a part that there is room for, and the room that remains."""
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
    return f"**Left out for length:** {counts}. The plan itself is as counted above.\n\n"


def _head(document: Json) -> str:
    warnings = sum(len(entry.warnings) for entry in plan_entries(document))
    more = (*further_counts(document), *((counted(warnings, "warning"),) if warnings else ()))
    rest = f" Also: {', '.join(more)}." if more else ""
    return f"\n### fbsync plan{place(document, code)}\n\n**{summary(document)}**{rest}\n\n"


def _parts(document: Json) -> Iterator[_Part]:
    """The parts in their order, which is that of their weight."""
    entries = plan_entries(document)
    by_kind = {kind: [entry for entry in entries if entry.kind == kind] for kind in _TITLES}
    yield _Part(
        opening="",
        units=(f"{prose(comparison(document))}\n\n",),
        closing="",
        noun="sentence on what it was compared with",
    )
    yield _refusals(document)
    yield from (_open(kind, by_kind[kind]) for kind in _OPEN)
    yield _warnings(entries)
    for kind in _LISTED:
        yield _listed(kind, by_kind[kind])
        yield _details(kind, by_kind[kind])
    yield _unverified(document)
    yield from (_folded(kind, by_kind[kind]) for kind in _FOLDED)


def _refusals(document: Json) -> _Part:
    reasons = refusal_reasons(document)
    units = tuple(
        f"> - {f'{code(reason.name)} in {code(reason.workspace)}: ' if reason.name else ''}{prose(reason.message)}. "
        f"What to do: {prose(reason.hint)}\n"
        for reason in reasons
    )
    opening = "> [!CAUTION]\n> **`fbsync apply` would refuse this plan**\n>\n"
    return _Part(opening=opening, units=units, closing="\n", noun="reasons why apply would refuse it")


def _open(kind: Kind, entries: Sequence[Entry]) -> _Part:
    """Entries in the open; many of them folded, under a title that is not."""
    sign, words = _TITLES[kind]
    fold, end = "", ""
    if len(entries) > _MOST_OPEN:
        fold, end = f"<details>\n<summary>Show all {len(entries)}</summary>\n\n", "</details>\n\n"
    return _Part(
        opening=f"#### {sign} {len(entries)} {words}\n\n{fold}```diff\n",
        units=tuple(map(_block, entries)),
        closing=f"```\n\n{end}",
        noun=words,
        between="\n",
    )


def _listed(kind: Kind, entries: Sequence[Entry]) -> _Part:
    """Entries in one line each."""
    sign, words = _TITLES[kind]
    return _Part(
        opening=f"#### {sign} {len(entries)} {words}\n\n",
        units=tuple(f"- {code(entry.name)} in {code(entry.workspace)}: {_gist(kind, entry)}\n" for entry in entries),
        closing="\n",
        noun=words,
    )


def _gist(kind: Kind, entry: Entry) -> str:
    """What an entry's line says: of a new one what it is, of a changed one which fields change."""
    if kind is Kind.CREATE:
        values = [code(row.after) for row in entry.rows[:2] if row.after is not None]
        said = " at ".join(values)
        return f"{said} ({prose(entry.why)})" if entry.why else said
    fields = ", ".join(code(row.label) for row in entry.rows if row.tone is not Tone.QUIET)
    return f"{fields} ({', '.join(entry.marks)})" if entry.marks else fields


def _details(kind: Kind, entries: Sequence[Entry]) -> _Part:
    words = _TITLES[kind][1]
    return _Part(
        opening="<details>\n<summary>Details</summary>\n\n```diff\n",
        units=tuple(map(_block, entries)),
        closing="```\n\n</details>\n\n",
        noun=f"{words} in detail",
        between="\n",
        is_detail=True,
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
    """Each warning once, with the entries that it is about."""
    about: dict[str, list[str]] = {}
    for entry in entries:
        for warning in entry.warnings:
            about.setdefault(warning, []).append(f"{code(entry.name)} in {code(entry.workspace)}")
    units = tuple(f"> - {_shortened(names)}: {prose(warning)}\n" for warning, names in about.items())
    number = sum(map(len, about.values()))
    opening = f"> [!WARNING]\n> **{counted(number, 'warning')}**\n>\n"
    return _Part(opening=opening, units=units, closing="\n", noun="warning" if len(units) == 1 else "warnings")


def _shortened(names: Sequence[str]) -> str:
    rest = len(names) - _MOST_NAMES
    said = ", ".join(names[:_MOST_NAMES])
    return f"{said} and {rest} more" if rest > 0 else said


def _unverified(document: Json) -> _Part:
    return _Part(
        opening=f"<details>\n<summary>{unverified_sentence(document)}</summary>\n\n",
        units=tuple(f"- {code(item.reference)}: {item.why} ({_users(item)})\n" for item in unverified(document)),
        closing="\n</details>\n\n",
        noun="credentials that were not compared",
        is_detail=True,
    )


def _users(item: Unverified) -> str:
    return _shortened([code(name) for name in item.entries])


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
