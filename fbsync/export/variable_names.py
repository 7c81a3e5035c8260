"""Choose the names of the variables of exported entries."""

from __future__ import annotations

import re
import unicodedata
from typing import TYPE_CHECKING

from fbsync.model.configurations import Field, LockedLlm

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from fbsync.model.live import LiveLlm
    from fbsync.workflow.project import Project


_RESERVED = ("FLASHBACK_", "FBSYNC_", "GITHUB_")
"""Prefixes that names must not have: fbsync's own, and one that GitHub Actions refuses (its reference,
'Naming your secrets')."""
_NAMELESS = "LLM"


class VariableNames:
    """Names for variables, made from entry names: distinct, not taken, and not fbsync's own.

    Args:
        taken: the names that are already in use.
    """

    def __init__(self, taken: Collection[str]) -> None:
        self._taken = set(taken)

    def of(self, llm: LiveLlm) -> dict[Field, str]:
        """Return the names for a configuration's credentials, by field.

        There is none for a configuration with a stored key, and one for ``key`` only if the server lists a key.
        """
        if llm.api_key_id is not None:
            return {}
        fields = (Field.KEY, Field.SECRET) if llm.has_key else (Field.SECRET,)
        stem = _stem(llm.name)
        return {field: self._free(f"{stem}_{field.value.upper()}") for field in fields}

    def _free(self, name: str) -> str:
        free, number = name, 1
        while free in self._taken:
            number += 1
            free = f"{name}_{number}"
        self._taken.add(free)
        return free


def _stem(name: str) -> str:
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode()
    stem = re.sub(r"[^A-Z0-9]+", "_", plain.upper()).strip("_")[:60]
    is_taken = not stem or stem[0].isdigit() or f"{stem}_".startswith(_RESERVED)
    return f"{_NAMELESS}_{stem}".rstrip("_") if is_taken else stem


def names_by_id(project: Project, new: Sequence[LiveLlm]) -> dict[str, dict[Field, str]]:
    """Return the variables of each new entry, by id: those in the lockfile's record, else new names."""
    environments = (None, *project.manifest.variants)
    used = {use.variable for environment in environments for use in project.manifest.uses(environment)}
    known = {llm.id: llm for llm in project.known.llms}
    taken = used | {at.reference for llm in known.values() for at in (llm.secret, llm.key) if at is not None}
    references = VariableNames(taken)
    return {llm.id: _recorded_names(known.get(llm.id), llm) or references.of(llm) for llm in new}


def _recorded_names(llm: LockedLlm | None, live: LiveLlm) -> dict[Field, str]:
    """The variables in a record, or none if there is no record or the configuration now uses a stored key."""
    if llm is None or live.api_key_id is not None:
        return {}
    pairs = ((Field.KEY, llm.key), (Field.SECRET, llm.secret))
    return {field: locked.reference for field, locked in pairs if locked is not None}
