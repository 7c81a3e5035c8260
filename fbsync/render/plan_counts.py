"""The summary of a plan: its sentence, its counts, what was not compared, and why apply would refuse it."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from fbsync.render.entries import counted
from fbsync.render.paint import visible
from fbsync.render.plan_document import is_empty
from fbsync.render.plan_entries import EntryKind, affects_repositories, loses_protection, touches_protected
from fbsync.render.plan_rows import NOT_SET, why_unverified

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from fbsync.render.document import Json

_LOCKFILE_NAME = re.compile(r"fbsync[\w.-]*\.lock", re.ASCII)
"""Names that need no escaping in any format."""


def plan_summary(document: Json) -> str:
    """Return Terraform's sentence, which tools look for."""
    if is_empty(document):
        return f"No changes. The manifest matches {_lockfile_name(document)}."
    number = document["summary"]
    return f"Plan: {number['add']} to add, {number['change']} to change, {number['destroy']} to destroy."


def _lockfile_name(document: Json) -> str:
    """Return the name of a plan's lockfile if it is a usual one, or "the known state"."""
    name = document.get("state", "").rpartition("/")[2]
    return name if _LOCKFILE_NAME.fullmatch(name) else "the known state"


def total_plan_summary(documents: Sequence[Json]) -> str:
    """Return Terraform's sentence for the total of several plans."""
    words = documents[0]["summary"] if documents else ("add", "change", "destroy", "blocked")
    return plan_summary({"summary": {word: sum(one["summary"][word] for one in documents) for word in words}})


def further_counts(document: Json) -> tuple[str, ...]:
    """Return the counts that Terraform's sentence does not have."""
    words = (
        ("adopt", "to adopt"),
        ("blocked", "blocked"),
        ("undeclared", "no longer declared"),
        ("unchanged", "unchanged"),
        ("elsewhere", "declared elsewhere"),
    )
    return tuple(f"{number} {word}" for kind, word in words if (number := document["summary"][kind]))


@dataclass(frozen=True, slots=True, kw_only=True)
class Unverified:
    """A variable whose credential could not be compared, the reason, and the entries that use it."""

    reference: str
    why: str
    entries: tuple[str, ...]


def unverified(document: Json) -> tuple[Unverified, ...]:
    """Return the credentials that could not be compared, by variable and in the plan's order."""
    found: dict[tuple[str, str], dict[str, None]] = {}
    for name, reference, why in _not_compared(document):
        found.setdefault((reference, why), {})[name] = None
    return tuple(
        Unverified(reference=reference, why=why, entries=tuple(names)) for (reference, why), names in found.items()
    )


def _not_compared(document: Json) -> Iterator[tuple[str, str, str]]:
    """Yield every credential that could not be compared: its entry, its variable, and the reason."""
    for change in document["resource_changes"]:
        if change["kind"] in (EntryKind.UPDATE, EntryKind.UNCHANGED):
            for credential in change["credentials"]:
                if credential["changed"] == "unverified" and credential["after"] is not None:
                    yield visible(change["name"]), credential["after"], why_unverified(credential)


def unverified_sentence(document: Json) -> str:
    """Say how many credentials could not be compared, and why, without names. Empty if there are none."""
    reasons = Counter(reason for _, _, reason in _not_compared(document))
    number = reasons.total()
    if not number:
        return ""
    said = f"{number} of {counted(document['credentials']['declared'], 'credential')}"
    said = f"{said} {'was' if number == 1 else 'were'} not compared"
    if set(reasons) == {NOT_SET}:
        variables = "its variable is" if number == 1 else "their variables are"
        return f"{said}: {variables} not set here, which is normal in a pull request."
    if len(reasons) == 1:
        return f"{said}: {next(iter(reasons))}."
    return f"{said}: {'; '.join(f'{count} because {why}' for why, count in sorted(reasons.items()))}."


def elsewhere_sentence(document: Json) -> str:
    """Say how many known entries other manifests declare. Empty if there are none."""
    number = document["summary"]["elsewhere"]
    if not number:
        return ""
    said = counted(number, "known entry is", "known entries are")
    return f"{said} declared elsewhere and left alone."


def warning_count(document: Json) -> str:
    """Return the counts of warnings by kind. Empty if there are none."""
    changes = document["resource_changes"]
    numbers = (
        (len(document["warnings"]), "notice", ""),
        (document["summary"]["undeclared"], "entry no longer declared", "entries no longer declared"),
        (sum(map(touches_protected, changes)), "protected entry touched", "protected entries touched"),
        (sum(map(loses_protection, changes)), "entry loses its protection", "entries lose their protection"),
        (sum(map(affects_repositories, changes)), "entry used by repositories", "entries used by repositories"),
    )
    return ", ".join(counted(number, *words) for number, *words in numbers if number)


@dataclass(frozen=True, slots=True, kw_only=True)
class Reason:
    """A reason why apply would refuse a plan. It is safe to show.

    Attributes:
        name, workspace: the entry that it is about. Empty for the plan as a whole.
        message: the reason.
        hint: what to do.
    """

    name: str
    workspace: str
    message: str
    hint: str


def refusal_reasons(document: Json) -> tuple[Reason, ...]:
    """Return every reason why apply would refuse the plan, in the document's order."""
    return tuple(
        Reason(
            name=visible(item.get("name", "")),
            workspace=visible(item.get("workspaceId", "")),
            message=visible(item["message"]),
            hint=visible(item["hint"]),
        )
        for item in document["refusals"]
    )
