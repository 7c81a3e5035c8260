"""A plan as a report for a browser."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from fbsync.render.entries import Entry, Tone, counted
from fbsync.render.page import html
from fbsync.render.page_sections import Notes, Page, Section
from fbsync.render.paint import visible
from fbsync.render.plan_counts import (
    Reason,
    elsewhere_sentence,
    plan_summary,
    refusal_reasons,
    total_plan_summary,
    unverified,
    unverified_sentence,
    warning_count,
)
from fbsync.render.plan_entries import TONES, EntryKind, plan_entries
from fbsync.render.plan_origin import comparison, environment_of, environment_title, other_server

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from fbsync.render.document import Json

_TITLES = {
    EntryKind.BLOCKED: "blocked",
    EntryKind.DELETE: "to destroy",
    EntryKind.ADOPT: "to adopt",
    EntryKind.CREATE: "to add",
    EntryKind.UPDATE: "to change",
    EntryKind.UNDECLARED: "no longer declared",
    EntryKind.UNCHANGED: "unchanged",
}


def plan_html(document: Json, *, title: str = "fbsync plan") -> str:
    """Render a plan as one self-contained page.

    Args:
        document: the plan's document.
        title: the page's title. The environment is added to it.

    Returns:
        The page, which is the same for the same arguments.
    """
    warnings = warning_count(document)
    environment, server = environment_of(document), other_server(document)
    return html(
        Page(
            title=visible(title) if environment is None else f"{visible(title)}: {environment}",
            lead=plan_summary(document),
            facts=(("Server", server),) if server is not None else (),
            asides=tuple(
                filter(
                    None,
                    (comparison(document), elsewhere_sentence(document), f"Warnings: {warnings}." if warnings else ""),
                )
            ),
            sections=_sections(plan_entries(document)),
            notes=tuple(_refusals(document)),
            remarks=tuple(_unverified(document)),
        )
    )


def plans_html(documents: Sequence[Json], problems: Sequence[tuple[str | None, str]] = ()) -> str:
    """Render the plans of several environments as one page, with an overview of workspaces and environments.

    Args:
        documents: the plans' documents, in the order to mention them.
        problems: the environments that could not be planned, with reasons.

    Returns:
        The page, which is the same for the same arguments.
    """
    entries = tuple(
        replace(entry, environment=environment_of(one) or "") for one in documents for entry in plan_entries(one)
    )
    troubles = tuple((environment_title(environment), visible(why)) for environment, why in problems)
    title = f"{counted(len(troubles), 'environment')} could not be planned"
    failed = (Notes(title=title, items=troubles, tone=Tone.TROUBLE),) if troubles else ()
    servers = {server for one in documents if (server := other_server(one)) is not None}
    return html(
        Page(
            title="fbsync plan: all environments",
            lead=total_plan_summary(documents),
            facts=tuple(("Server", server) for server in sorted(servers)),
            asides=tuple(
                f"{environment_title(one['environment'])}: {plan_summary(one)} {comparison(one)}" for one in documents
            ),
            sections=_sections(entries),
            notes=(*failed, *(notes for one in documents for notes in _refusals(one, of_several=True))),
            remarks=tuple(notes for one in documents for notes in _unverified(one, of_several=True)),
        )
    )


def _sections(entries: Sequence[Entry]) -> tuple[Section, ...]:
    return tuple(
        Section(
            kind=kind,
            title=words,
            tone=TONES[kind],
            entries=tuple(entry for entry in entries if entry.kind == kind),
            is_brief=kind is EntryKind.UNCHANGED,
            is_hidden=kind is EntryKind.UNCHANGED,
        )
        for kind, words in _TITLES.items()
    )


def _refusals(document: Json, *, of_several: bool = False) -> Iterator[Notes]:
    """Yield notes that say why apply would refuse the plan, if it would."""
    if reasons := refusal_reasons(document):
        plan = f"the plan of {environment_title(document['environment'])}" if of_several else "this plan"
        yield Notes(title=f"fbsync apply would refuse {plan}", items=tuple(map(_item, reasons)), tone=Tone.TROUBLE)


def _item(reason: Reason) -> tuple[str, str]:
    advice = f" Fix: {reason.hint}." if reason.hint else ""
    return (f"{reason.name} (workspace {reason.workspace})" if reason.name else "", f"{reason.message}.{advice}")


def _unverified(document: Json, *, of_several: bool = False) -> Iterator[Notes]:
    items = tuple((item.reference, f"{item.why} ({', '.join(item.entries)})") for item in unverified(document))
    if items:
        sentence = unverified_sentence(document)
        title = f"{environment_title(document['environment'])}: {sentence}" if of_several else sentence
        yield Notes(title=title, items=items, tone=Tone.QUIET, is_folded=True)
