"""The result of an apply or a destroy as a comment: GitHub-flavoured Markdown within a limit of characters."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fbsync.model.outcomes import Result
from fbsync.model.verifications import Verdict
from fbsync.render.entries import counted
from fbsync.render.markdown import code, marker, prose
from fbsync.render.markdown_parts import Part, shortened, within_limit
from fbsync.render.paint import visible
from fbsync.render.plan_origin import origin_suffix
from fbsync.render.result_parts import Complaint, complaints, failure, outcome_word, placed, troubles
from fbsync.render.verdict_text import refused_verdicts, verdicts_sentence

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from fbsync.render.document import Json

_MOST_OPEN = 20
"""More entries of one kind than this are folded."""
_TITLES = {
    Result.DELETED: ("🔴", "destroyed"),
    Result.ADOPTED: ("🟠", "adopted"),
    Result.CREATED: ("🟢", "added"),
    Result.UPDATED: ("🟡", "changed"),
    Result.FORGOTTEN: ("⚪", "forgotten"),
}


def result_markdown(document: Json, *, max_chars: int) -> str:
    """Render a result document for a comment: the closing sentence, the failures, and a line for each change.

    Args:
        document: the document of an apply or a destroy, or of a command that failed. The first line is a hidden marker
            with the command and the environment, by which a program finds the comment that it replaces.
        max_chars: the limit, in characters. Entries that do not fit are left out as a whole, and counted.
    """
    where = placed(document)
    command = visible(document["command"])
    first = f"{marker(f'fbsync-{command}', where['environment'])}\n"
    counts = f"**{_sentence(document)}**\n"
    heads = (f"{first}\n### fbsync {command}{origin_suffix(where, code)}\n\n{counts}\n", f"{first}\n{counts}\n")
    text = within_limit(tuple(_parts(document)), heads, max_chars)
    return f"**`fbsync {command}` ended with {document['exit_code']}.**\n" if text is None else text


def _sentence(document: Json) -> str:
    """Return the summary sentence."""
    if "summary" in document:
        return prose(visible(document["summary"]))
    return f"`fbsync {visible(document['command'])}` ended with {document['exit_code']}"


def _parts(document: Json) -> Iterator[Part]:
    """Yield the parts, most important first."""
    yield _failure_part(document)
    yield _troubles(document)
    yield _left(document.get("temporary", ()))
    yield from _verified(document.get("verified", ()))
    for result, (sign, words) in _TITLES.items():
        entries = [entry for entry in document.get("entries", ()) if entry["outcome"] == result]
        yield _entry_lines(f"{sign} {len(entries)} {words}", words, entries)


def _failure_part(document: Json) -> Part:
    """Return a part that says why the command as a whole failed."""
    whole = failure(document)
    if whole is None:
        return Part(opening="", units=(), closing="", noun="reasons")
    opening = f"> [!CAUTION]\n> {_complained(whole)}\n"
    units = tuple(f"> - {_complained(one)}\n" for one in complaints(document))
    if not units:
        return Part(opening="", units=(opening,), closing="\n", noun="reason")
    return Part(opening=f"{opening}>\n", units=units, closing="\n", noun="reasons")


def _complained(complaint: Complaint) -> str:
    about = f"{code(complaint.about)}: " if complaint.about else ""
    advice = f". Fix: {prose(complaint.hint)}" if complaint.hint else ""
    return f"{about}{prose(complaint.message)}{advice}"


def _troubles(document: Json) -> Part:
    """Return a part with the failures by reason."""
    found = troubles(document)
    units = tuple(
        f"> - {outcome_word(one.outcome).capitalize()}: {shortened([_title_of(*entry) for entry in one.entries])}: "
        f"{prose(one.message)}.{f' Fix: {prose(one.hint)}' if one.hint else ''}\n"
        for one in found
    )
    number = sum(len(one.entries) for one in found)
    opening = f"> [!CAUTION]\n> **{counted(number, 'entry is', 'entries are')} not as declared**\n>\n"
    return Part(opening=opening, units=units, closing="\n", noun="reasons why entries failed")


def _left(temporary: Sequence[Json]) -> Part:
    """Return a part with temporary configurations that are still on the server."""
    units = tuple(
        f"> - {_title_of(visible(one['name']), visible(one['workspaceId']))}: "
        f"{prose(visible(one['error']['message']))}\n"
        for one in temporary
        if "error" in one
    )
    title = counted(len(units), "temporary configuration is", "temporary configurations are")
    opening = f"> [!WARNING]\n> **{title} still there:** the next `fbsync apply` deletes them\n>\n"
    return Part(opening=opening, units=units, closing="\n", noun="temporary configurations")


def _verified(verified: Sequence[Json]) -> Iterator[Part]:
    """Yield a part with the providers' verdicts. Accepted credentials are only counted."""
    if not verified:
        return
    units = tuple(
        f"> - {_title_of(visible(one['name']), visible(one['workspaceId']))}: {prose(words)}\n"
        for one, words in refused_verdicts(verified)
    )
    sentence = f"{prose(verdicts_sentence(verified))}\n"
    if not units:
        yield Part(opening="", units=(f"{sentence}\n",), closing="", noun="sentence on what was verified")
    yield Part(opening=f"> [!WARNING]\n> {sentence}>\n", units=units, closing="\n", noun="verdicts")


def _entry_lines(title: str, noun: str, entries: Sequence[Json]) -> Part:
    """Return a part with one line for each entry. If there are many, they are folded under a visible title."""
    is_long = len(entries) > _MOST_OPEN
    fold = f"<details>\n<summary>Show all {len(entries)}</summary>\n\n" if is_long else ""
    return Part(
        opening=f"#### {title}\n\n{fold}",
        units=tuple(map(_entry_line, entries)),
        closing="\n</details>\n\n" if is_long else "\n",
        noun=noun,
    )


def _entry_line(entry: Json) -> str:
    sent = ", ".join(map(code, entry["sent"])) if entry["outcome"] == Result.UPDATED and "sent" in entry else ""
    first = "accepted by the provider first" if entry.get("verified_first") == Verdict.ACCEPTED else ""
    about = f": {'; '.join(filter(None, (sent, first)))}" if sent or first else ""
    return f"- {_title_of(visible(entry['name']), visible(entry['workspaceId']))}{about}\n"


def _title_of(name: str, workspace: str) -> str:
    return f"{code(name)} in {code(workspace)}"
