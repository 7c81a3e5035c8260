"""A plan as a comment on a pull request: GitHub-flavoured Markdown that stays within a limit of characters."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fbsync.render.entries import Entry, Tone, counted
from fbsync.render.markdown import code, marker, prose
from fbsync.render.markdown_parts import LEAST_CHARS, Part, all_environments, block, shortened, within_limit
from fbsync.render.plan_counts import (
    Unverified,
    further_counts,
    plan_summary,
    refusal_reasons,
    total_plan_summary,
    unverified,
    unverified_sentence,
)
from fbsync.render.plan_entries import EntryKind, plan_entries
from fbsync.render.plan_origin import comparison, environment_title, origin_suffix

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from fbsync.render.document import Json

_MOST_OPEN = 10
"""More deletions than this are folded."""
_TITLES = {
    EntryKind.BLOCKED: ("⛔", "blocked"),
    EntryKind.DELETE: ("🔴", "to destroy"),
    EntryKind.ADOPT: ("🟠", "to adopt"),
    EntryKind.CREATE: ("🟢", "to add"),
    EntryKind.UPDATE: ("🟡", "to change"),
    EntryKind.UNDECLARED: ("⚪", "no longer declared"),
}
_OPEN = (EntryKind.BLOCKED, EntryKind.DELETE, EntryKind.ADOPT)
_LISTED = (EntryKind.CREATE, EntryKind.UPDATE)
_FOLDED = (EntryKind.UNDECLARED,)


def plan_markdown(document: Json, *, max_chars: int) -> str:
    """Render a plan for a comment: the counts, what is destroyed, then names, with folded details.

    Args:
        document: the plan's document. The first line is a hidden marker with the environment, by which a program
            finds the comment that it replaces.
        max_chars: the limit, in characters (code points). GitHub allows 65,536 in a comment.

    Returns:
        At most that many characters. Entries that do not fit are left out as a whole, and counted.

    Raises:
        ValueError: the limit is below ``LEAST_CHARS``.
    """
    if max_chars < LEAST_CHARS:
        raise ValueError(f"a plan needs at least {LEAST_CHARS} characters")
    first = f"{marker('fbsync-plan', document['environment'])}\n"
    counts = f"**{plan_summary(document)}**"
    heads = (f"{first}\n{_head(document)}", f"{first}\n{counts}\n\n")
    text = within_limit(tuple(_parts(document)), heads, max_chars)
    if text is None:
        short = f"{counts} Details are left out because of the length.\n"
        text = first + short if len(first) + len(short) <= max_chars else short
    return text


def plans_markdown(
    documents: Sequence[Json], problems: Sequence[tuple[str | None, str]] = (), *, max_chars: int
) -> str:
    """Render the plans of several environments for one comment.

    Args:
        documents: the plans' documents, in the order to mention them.
        problems: the environments that could not be planned, with reasons.
        max_chars: the limit, as for one plan. The environments share it.
    """
    counts = f"**{total_plan_summary(documents)}**"
    bodies = [
        (
            (
                _head(one, of_several=True),
                f"### {code(environment_title(one['environment']))}\n\n**{plan_summary(one)}**\n\n",
            ),
            _parts(one),
        )
        for one in documents
    ]
    return all_environments("plan", counts, bodies, problems, max_chars=max_chars)


def _head(document: Json, *, of_several: bool = False) -> str:
    warnings = sum(len(entry.warnings) for entry in plan_entries(document))
    more = (*further_counts(document), *((counted(warnings, "warning"),) if warnings else ()))
    rest = f" Also: {', '.join(more)}." if more else ""
    origin = origin_suffix(document, code, of_several=of_several)
    return f"### fbsync plan{origin}\n\n**{plan_summary(document)}**{rest}\n\n"


def _parts(document: Json) -> Iterator[Part]:
    """Yield the parts, most important first."""
    entries = plan_entries(document)
    by_kind = {kind: [entry for entry in entries if entry.kind == kind] for kind in _TITLES}
    yield Part(
        opening="",
        units=(f"{prose(comparison(document))}\n\n",),
        closing="",
        noun="sentence on what it was compared with",
    )
    yield _refusals(document)
    yield from (_open(kind, by_kind[kind]) for kind in _OPEN)
    yield _warnings(entries)
    for kind in _LISTED:
        yield _entry_lines(kind, by_kind[kind])
        yield _details(kind, by_kind[kind])
    yield _unverified(document)
    yield from (_folded_part(kind, by_kind[kind]) for kind in _FOLDED)


def _refusals(document: Json) -> Part:
    reasons = refusal_reasons(document)
    units = tuple(
        f"> - {f'{code(reason.name)} in {code(reason.workspace)}: ' if reason.name else ''}{prose(reason.message)}. "
        f"Fix: {prose(reason.hint)}\n"
        for reason in reasons
    )
    opening = "> [!CAUTION]\n> **`fbsync apply` would refuse this plan**\n>\n"
    return Part(opening=opening, units=units, closing="\n", noun="reasons why apply would refuse it")


def _open(kind: EntryKind, entries: Sequence[Entry]) -> Part:
    """Return a part with visible entries. If there are many, they are folded under a visible title."""
    sign, words = _TITLES[kind]
    fold, end = "", ""
    if len(entries) > _MOST_OPEN:
        fold, end = f"<details>\n<summary>Show all {len(entries)}</summary>\n\n", "</details>\n\n"
    return Part(
        opening=f"#### {sign} {len(entries)} {words}\n\n{fold}```diff\n",
        units=tuple(map(block, entries)),
        closing=f"```\n\n{end}",
        noun=words,
        between="\n",
    )


def _entry_lines(kind: EntryKind, entries: Sequence[Entry]) -> Part:
    """Return a part with one line for each entry."""
    sign, words = _TITLES[kind]
    return Part(
        opening=f"#### {sign} {len(entries)} {words}\n\n",
        units=tuple(f"- {code(entry.name)} in {code(entry.workspace)}: {_gist(kind, entry)}\n" for entry in entries),
        closing="\n",
        noun=words,
    )


def _gist(kind: EntryKind, entry: Entry) -> str:
    """Return the text of an entry's line: what a new entry is, or which fields change."""
    if kind is EntryKind.CREATE:
        values = [code(row.after) for row in entry.rows[:2] if row.after is not None]
        said = " at ".join(values)
        return f"{said} ({prose(entry.why)})" if entry.why else said
    fields = ", ".join(code(row.label) for row in entry.rows if row.tone is not Tone.QUIET)
    return f"{fields} ({', '.join(entry.marks)})" if entry.marks else fields


def _details(kind: EntryKind, entries: Sequence[Entry]) -> Part:
    words = _TITLES[kind][1]
    return Part(
        opening="<details>\n<summary>Details</summary>\n\n```diff\n",
        units=tuple(map(block, entries)),
        closing="```\n\n</details>\n\n",
        noun=f"{words} in detail",
        between="\n",
        is_detail=True,
    )


def _folded_part(kind: EntryKind, entries: Sequence[Entry]) -> Part:
    sign, words = _TITLES[kind]
    return Part(
        opening=f"<details>\n<summary>{sign} <b>{len(entries)} {words}</b></summary>\n\n```diff\n",
        units=tuple(map(block, entries)),
        closing="```\n\n</details>\n\n",
        noun=words,
        between="\n",
    )


def _warnings(entries: Sequence[Entry]) -> Part:
    """Return a part with each warning once, with the entries that it is about."""
    about: dict[str, list[str]] = {}
    for entry in entries:
        for warning in entry.warnings:
            about.setdefault(warning, []).append(f"{code(entry.name)} in {code(entry.workspace)}")
    units = tuple(f"> - {shortened(names)}: {prose(warning)}\n" for warning, names in about.items())
    number = sum(map(len, about.values()))
    opening = f"> [!WARNING]\n> **{counted(number, 'warning')}**\n>\n"
    return Part(opening=opening, units=units, closing="\n", noun="warning" if len(units) == 1 else "warnings")


def _unverified(document: Json) -> Part:
    return Part(
        opening=f"<details>\n<summary>{unverified_sentence(document)}</summary>\n\n",
        units=tuple(f"- {code(item.reference)}: {item.why} ({_users(item)})\n" for item in unverified(document)),
        closing="\n</details>\n\n",
        noun="credentials that were not compared",
        is_detail=True,
    )


def _users(item: Unverified) -> str:
    return shortened([code(name) for name in item.entries])
