"""Drift as a report for a browser, with the same page as a plan."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fbsync.render.drift_entries import KINDS, drift_entries
from fbsync.render.drift_text import drift_summary, total_drift_summary, warning_lines
from fbsync.render.entries import Entry, Tone, counted
from fbsync.render.page import html
from fbsync.render.page_sections import Notes, Page, Section
from fbsync.render.paint import visible
from fbsync.render.plan_origin import environment_title

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from fbsync.render.drift_found import DriftFound


def drift_html(found: DriftFound, *, title: str = "fbsync drift") -> str:
    """Render drift as one self-contained page.

    Args:
        found: the drift of an environment.
        title: the page's title. The environment is added to it.

    Returns:
        The page, which is the same for the same arguments. Values are shown as "known → live".
    """
    return html(
        Page(
            title=visible(title if found.environment is None else f"{title}: {found.environment}"),
            lead=drift_summary(found.drift),
            facts=(("Server", found.other_server),) if found.other_server is not None else (),
            asides=found.remarks,
            sections=_sections(drift_entries(found)),
            notes=tuple(_age_notes(found)),
        )
    )


def drifts_html(found: Sequence[DriftFound], problems: Sequence[tuple[str | None, str]] = ()) -> str:
    """Render the drift of several environments as one page.

    Args:
        found: the drift of each environment.
        problems: the environments that could not be compared, with reasons.
    """
    entries = tuple(entry for one in found for entry in drift_entries(one, of_several=True))
    troubles = tuple((environment_title(environment), visible(why)) for environment, why in problems)
    title = f"{counted(len(troubles), 'environment')} could not be compared"
    failed = (Notes(title=title, items=troubles, tone=Tone.TROUBLE),) if troubles else ()
    servers = sorted({one.other_server for one in found if one.other_server is not None})
    said = (
        f"{environment_title(one.environment)}: {drift_summary(one.drift)} {' '.join(one.remarks)}" for one in found
    )
    return html(
        Page(
            title="fbsync drift: all environments",
            lead=total_drift_summary([one.drift for one in found]),
            facts=tuple(("Server", server) for server in servers),
            asides=tuple(said),
            sections=_sections(entries),
            notes=(*failed, *(notes for one in found for notes in _age_notes(one, of_several=True))),
        )
    )


def _age_notes(found: DriftFound, *, of_several: bool = False) -> Iterator[Notes]:
    """Yield notes about the credentials that are too old."""
    if lines := warning_lines(found):
        title = counted(len(lines), "warning")
        title = f"{environment_title(found.environment)}: {title}" if of_several else title
        yield Notes(title=title, items=tuple(("", f"{line}.") for line in lines))


def _sections(entries: Sequence[Entry]) -> tuple[Section, ...]:
    return tuple(
        Section(
            kind=kind,
            title=words,
            tone=tone,
            entries=tuple(entry for entry in entries if entry.kind == kind),
            is_brief=kind == "unmanaged",
        )
        for kind, words, tone in KINDS
    )
