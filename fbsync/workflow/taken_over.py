"""Find drift that the manifest already has, by ``drift --accept`` or by hand. The next apply only records it."""

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
    """Return the entries that were changed outside and for which the manifest now has the server's values.

    Args:
        project: the project of the manifest.
        drift: the drift.
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
    """Whether an entry declares the server's value. For a key, this is known only if the server has none."""
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
