"""A result document as text: what an apply or a destroy did, or why a command failed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fbsync.render.outcome_text import outcome_line, outcome_report, removals_text
from fbsync.render.plan_origin import environment_of, other_server
from fbsync.render.result_parts import complaints, failure, placed
from fbsync.render.verdict_text import verdicts_text

if TYPE_CHECKING:
    from collections.abc import Iterator

    from fbsync.render.document import Json
    from fbsync.render.paint import Paint


def result_text(document: Json, *, paint: Paint, verbose: bool = False) -> str:
    """Render a result document.

    Args:
        document: the document of an apply or a destroy, or of a command that failed.
        paint: colours.
        verbose: whether to show the ids of entries.
    """
    return "".join(_blocks(document, paint, verbose=verbose))


def _blocks(document: Json, paint: Paint, *, verbose: bool) -> Iterator[str]:
    where = placed(document)
    for label, value in (("Environment", environment_of(where)), ("Server", other_server(where))):
        if value is not None:
            yield f"{label}: {paint.bold(value)}\n"
    entries = document.get("entries", ())
    with_place = len({entry["workspaceId"] for entry in entries}) > 1
    for entry in entries:
        line = outcome_line(entry, paint=paint, with_place=with_place, with_id=verbose)
        yield f"{line}\n" if line is not None else ""
    yield removals_text(document.get("temporary", ()), paint=paint)
    if "summary" in document:
        yield outcome_report(document, paint=paint)
    if "verified" in document:
        yield verdicts_text(document["verified"], paint=paint)
    if (whole := failure(document)) is not None:
        yield f"{paint.red('error:')} {whole.message}\n"
        for complaint in complaints(document):
            yield f"  {': '.join(filter(None, (complaint.about, complaint.message)))}\n"
            yield f"    {paint.cyan('fix:')} {complaint.hint}\n"
        if whole.hint:
            yield f"  {paint.cyan('fix:')} {whole.hint}\n"
