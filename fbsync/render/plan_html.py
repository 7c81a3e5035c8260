"""A plan as a report for a browser."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fbsync.render.entries import counted
from fbsync.render.page import Notes, Page, Section, html
from fbsync.render.paint import visible
from fbsync.render.plan_counts import summary, unverified, warning_count
from fbsync.render.plan_entries import TONES, Kind, plan_entries

if TYPE_CHECKING:
    from fbsync.changes import Plan

_TITLES = {
    Kind.BLOCKED: "blocked",
    Kind.DELETE: "to destroy",
    Kind.ADOPT: "to adopt",
    Kind.CREATE: "to add",
    Kind.UPDATE: "to change",
    Kind.FORGET: "to forget",
    Kind.UNDECLARED: "no longer declared",
    Kind.UNCHANGED: "unchanged",
}


def plan_html(plan: Plan, *, environment: str | None, compared: str, title: str = "fbsync plan") -> str:
    """Renders a plan as one self-contained page.

    Args:
        plan: the plan.
        environment: the environment's name, or None for the manifest itself.
        compared: the sentence that says what was compared with what.
        title: the page's title, to which the environment is added.

    Returns:
        The document, the same for the same arguments.
    """
    entries = plan_entries(plan)
    sections = tuple(
        Section(
            kind=kind,
            title=words,
            tone=TONES[kind],
            entries=tuple(entry for entry in entries if entry.kind == kind),
            is_brief=kind is Kind.UNCHANGED,
        )
        for kind, words in _TITLES.items()
    )
    warnings = warning_count(plan)
    return html(
        Page(
            title=visible(title if environment is None else f"{title}: {environment}"),
            lead=summary(plan),
            asides=(visible(compared), *((f"Warnings: {warnings}.",) if warnings else ())),
            sections=sections,
            notes=_unverified(plan),
        )
    )


def _unverified(plan: Plan) -> Notes | None:
    items = tuple((item.reference, f"{item.why} ({', '.join(item.entries)})") for item in unverified(plan))
    if not items:
        return None
    number = counted(len(items), "credential")
    return Notes(title=f"{number} could not be compared, and may have changed", items=items)
