"""The result of an apply or a destroy as a report for a browser, with the same page as a plan."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fbsync.model.outcomes import Result
from fbsync.render.entries import Entry, Tone, counted
from fbsync.render.markdown_parts import shortened
from fbsync.render.page import html
from fbsync.render.page_sections import Notes, Page, Section
from fbsync.render.paint import visible
from fbsync.render.plan_origin import environment_of, other_server
from fbsync.render.result_parts import Trouble, complaints, failure, outcome_word, placed, troubles
from fbsync.render.verdict_text import refused_verdicts, verdicts_sentence

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from fbsync.render.document import Json

_KINDS = {
    Result.FAILED: ("failed", Tone.TROUBLE),
    Result.UNKNOWN: ("outcome unknown", Tone.TROUBLE),
    Result.NOT_ATTEMPTED: ("not attempted", Tone.TROUBLE),
    Result.DELETED: ("destroyed", Tone.REMOVE),
    Result.ADOPTED: ("adopted", Tone.CHANGE),
    Result.CREATED: ("added", Tone.ADD),
    Result.UPDATED: ("changed", Tone.CHANGE),
    Result.FORGOTTEN: ("forgotten", Tone.QUIET),
    Result.UNCHANGED: ("unchanged", Tone.QUIET),
}


def result_html(document: Json) -> str:
    """Render a result document as one self-contained page.

    Args:
        document: the document of an apply or a destroy, or of a command that failed.
    """
    where = placed(document)
    environment, server = environment_of(where), other_server(where)
    title = f"fbsync {visible(document['command'])}"
    ended = f"{title} ended with {document['exit_code']}."
    verified = document.get("verified", ())
    return html(
        Page(
            title=title if environment is None else f"{title}: {environment}",
            lead=visible(document.get("summary", ended)),
            facts=(("Server", server),) if server is not None else (),
            asides=(verdicts_sentence(verified),) if verified else (),
            sections=tuple(_sections(document.get("entries", ()))),
            notes=tuple(_notes(document, verified)),
        )
    )


def _sections(entries: Sequence[Json]) -> Iterator[Section]:
    for result, (words, tone) in _KINDS.items():
        yield Section(
            kind=result.replace("_", "-"),
            title=words,
            tone=tone,
            entries=tuple(_outcome_entry(entry, tone) for entry in entries if entry["outcome"] == result),
            is_brief=True,
            is_hidden=result is Result.UNCHANGED,
        )


def _outcome_entry(entry: Json, tone: Tone) -> Entry:
    sent = f"sent {', '.join(entry['sent'])}" if entry["outcome"] == Result.UPDATED and "sent" in entry else ""
    return Entry(
        kind=outcome_word(entry["outcome"]),
        tone=tone,
        name=visible(entry["name"]),
        workspace=visible(entry["workspaceId"]),
        why=sent,
    )


def _notes(document: Json, verified: Sequence[Json]) -> Iterator[Notes]:
    """Yield notes about why the command failed, and about what providers refused."""
    if (whole := failure(document)) is not None:
        items = tuple((one.about, _advised(one.message, one.hint)) for one in complaints(document))
        last = (("", f"Fix: {whole.hint}."),) if whole.hint else ()
        yield Notes(title=whole.message, items=(*items, *last), tone=Tone.TROUBLE)
    yield from map(_trouble, troubles(document))
    left = tuple(
        (visible(one["name"]), f"{visible(one['error']['message'])}.")
        for one in document.get("temporary", ())
        if "error" in one
    )
    if left:
        title = "Temporary configurations are still there: the next fbsync apply deletes them"
        yield Notes(title=title, items=left, tone=Tone.CHANGE)
    refused = tuple((visible(one["name"]), words) for one, words in refused_verdicts(verified))
    if refused:
        yield Notes(title=verdicts_sentence(verified), items=refused, tone=Tone.TROUBLE)


def _trouble(trouble: Trouble) -> Notes:
    """Return notes about entries that failed for the same reason."""
    names = shortened([name for name, _ in trouble.entries])
    number = counted(len(trouble.entries), "entry", "entries")
    advice = (("", f"Fix: {trouble.hint}."),) if trouble.hint else ()
    return Notes(
        title=f"{number} {outcome_word(trouble.outcome)}: {trouble.message}",
        items=(("", f"{names}."), *advice),
        tone=Tone.TROUBLE,
    )


def _advised(message: str, hint: str) -> str:
    return f"{message}. Fix: {hint}." if hint else f"{message}."
