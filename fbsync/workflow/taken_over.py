"""Drift that the manifest already has, by ``drift --accept`` or by hand. The next apply only records it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fbsync.model.configurations import Field
from fbsync.model.spelling import same
from fbsync.planning.drift import NONE, ChangedOutside
from fbsync.workflow.comparison import declared_entries

if TYPE_CHECKING:
    from fbsync.model.configurations import Identity, Llm
    from fbsync.planning.drift import Drift, FieldDrift
    from fbsync.workflow.project import Project


def taken_over(project: Project, drift: Drift) -> frozenset[Identity]:
    """The entries that were changed outside, and of which the manifest says by now what the server has.

    Args:
        project: whose manifest.
        drift: what differs.
    """
    entries = declared_entries(project, project.known.llms)
    return frozenset(
        one.locked.identity
        for one in drift.differences
        if isinstance(one, ChangedOutside)
        and (llm := entries.get(one.locked.identity)) is not None
        and all(_says(llm, item) for item in one.fields)
    )


def _says(llm: Llm, item: FieldDrift) -> bool:
    """Whether an entry declares what the server has; of a key it can only be told that there is none."""
    match item.field:
        case Field.NAME:
            declared: str | None = llm.name
        case Field.AI_TYPE:
            declared = llm.ai_type
        case Field.KEY:
            return llm.key is None and item.live == NONE
        case _:
            declared = next((text.value for field, text in llm.texts if field is item.field), None)
    return same(item.field, declared, item.live) if declared else item.live == NONE
