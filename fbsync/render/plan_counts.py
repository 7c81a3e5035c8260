"""What a plan comes to: its sentence, its counts, and what could not be checked."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from fbsync.model.changes import Adopt, Blocked, Changed, Create, Delete, Forget, Unchanged, Undeclared, Update
from fbsync.render.entries import counted
from fbsync.render.paint import visible
from fbsync.render.plan_entries import loses_protection
from fbsync.render.plan_rows import why_unverified

if TYPE_CHECKING:
    from fbsync.model.changes import Plan


def summary(plan: Plan) -> str:
    """Terraform's sentence, which tools look for."""
    if plan.is_empty:
        return "No changes. What is declared is as it is known."
    changed = plan.count(Update, Adopt)
    return f"Plan: {plan.count(Create)} to add, {changed} to change, {plan.count(Delete)} to destroy."


def further_counts(plan: Plan) -> tuple[str, ...]:
    """What Terraform's sentence has no words for, as far as there is any."""
    words = (
        (Adopt, "to adopt"),
        (Forget, "to forget"),
        (Blocked, "blocked"),
        (Undeclared, "no longer declared"),
        (Unchanged, "unchanged"),
    )
    return tuple(f"{number} {word}" for kind, word in words if (number := plan.count(kind)))


@dataclass(frozen=True, slots=True, kw_only=True)
class Unverified:
    """A variable whose credential could not be compared, why, and the entries that use it."""

    reference: str
    why: str
    entries: tuple[str, ...]


def unverified(plan: Plan) -> tuple[Unverified, ...]:
    """What could not be checked, by variable, in the plan's order."""
    found: dict[tuple[str, str], dict[str, None]] = {}
    for change in plan.changes:
        if not isinstance(change, (Update, Unchanged)):
            continue
        for credential in change.credentials:
            if credential.changed is Changed.UNVERIFIED and credential.after is not None:
                key = (f"${credential.after.reference}", why_unverified(credential))
                found.setdefault(key, {})[visible(change.desired.name)] = None
    return tuple(
        Unverified(reference=reference, why=why, entries=tuple(names)) for (reference, why), names in found.items()
    )


def warning_count(plan: Plan) -> str:
    """How much there is to look at, by sort; empty when there is nothing."""
    exposed = sum(loses_protection(change) for change in plan.changes)
    held = sum(isinstance(change, (Update, Delete, Forget)) and change.locked.protect for change in plan.changes)
    numbers = (
        (len(plan.warnings), "notice", ""),
        (len(unverified(plan)), "credential not verified", "credentials not verified"),
        (plan.count(Undeclared), "entry no longer declared", "entries no longer declared"),
        (held, "protected entry touched", "protected entries touched"),
        (exposed, "entry loses its protection", "entries lose their protection"),
    )
    return ", ".join(counted(number, *words) for number, *words in numbers if number)
