"""A plan as a report for a browser."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from fbsync.model.changes import Plan
from fbsync.render.entries import Entry, counted
from fbsync.render.page import Notes, Page, Section, html
from fbsync.render.paint import visible
from fbsync.render.plan_counts import summary, unverified, warning_count
from fbsync.render.plan_entries import TONES, Kind, plan_entries

if TYPE_CHECKING:
    from collections.abc import Sequence

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


@dataclass(frozen=True, slots=True, kw_only=True)
class Planned:
    """The plan of one environment.

    Attributes:
        environment: its name, or None for the manifest's own list.
        compared: the sentence that says what was compared with what.
    """

    environment: str | None
    plan: Plan
    compared: str


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
    warnings = warning_count(plan)
    return html(
        Page(
            title=visible(title if environment is None else f"{title}: {environment}"),
            lead=summary(plan),
            asides=(visible(compared), *((f"Warnings: {warnings}.",) if warnings else ())),
            sections=_sections(plan_entries(plan)),
            notes=_unverified(plan),
        )
    )


def plans_html(planned: Sequence[Planned], problems: Sequence[tuple[str | None, str]] = ()) -> str:
    """Renders the plans of several environments as one page: every workspace and environment at a glance.

    Args:
        planned: the plans, in the order in which they are to be mentioned.
        problems: environments that could not be planned, and why.

    Returns:
        The document, the same for the same arguments.
    """
    entries = tuple(
        replace(entry, environment=visible(one.environment or ""))
        for one in planned
        for entry in plan_entries(one.plan)
    )
    all_of_them = Plan(
        changes=tuple(change for one in planned for change in one.plan.changes),
        refreshed=all(one.plan.refreshed for one in planned),
        warnings=tuple(warning for one in planned for warning in one.plan.warnings),
    )
    said = (f"{_called(one.environment)}: {summary(one.plan)} {one.compared}" for one in planned)
    troubles = tuple((_called(environment), visible(why)) for environment, why in problems)
    title = f"{counted(len(troubles), 'environment')} could not be planned"
    return html(
        Page(
            title="fbsync plan: all environments",
            lead=summary(all_of_them),
            asides=tuple(map(visible, said)),
            sections=_sections(entries),
            notes=Notes(title=title, items=troubles) if troubles else _unverified(all_of_them),
        )
    )


def _called(environment: str | None) -> str:
    return "the list itself, without an environment" if environment is None else visible(environment)


def _sections(entries: Sequence[Entry]) -> tuple[Section, ...]:
    return tuple(
        Section(
            kind=kind,
            title=words,
            tone=TONES[kind],
            entries=tuple(entry for entry in entries if entry.kind == kind),
            is_brief=kind is Kind.UNCHANGED,
        )
        for kind, words in _TITLES.items()
    )


def _unverified(plan: Plan) -> Notes | None:
    items = tuple((item.reference, f"{item.why} ({', '.join(item.entries)})") for item in unverified(plan))
    if not items:
        return None
    number = counted(len(items), "credential")
    return Notes(title=f"{number} could not be compared, and may have changed", items=items)
