"""Find the places where a manifest uses variables."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from fbsync.manifest.references import parse_template

if TYPE_CHECKING:
    from collections.abc import Iterable

    from fbsync.manifest.drafts import Draft
    from fbsync.model.findings import Position

_FIELDS = frozenset(("workspaceId", "endpoint", "key", "secret", "apiKey"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Use:
    """One use of a variable."""

    variable: str
    position: Position
    entry: str | None
    field: str

    @property
    def purpose(self) -> str:
        """What the variable is used for, in a few words."""
        return f"{self.field} of {self.entry}" if self.entry else self.field


def uses_in(drafts: Iterable[Draft]) -> tuple[Use, ...]:
    """Return every use of a variable in these entries, in file order."""
    uses = (
        Use(variable=name, position=placed.position, entry=draft.name, field=field)
        for draft in drafts
        for field, placed in draft.fields.items()
        if field in _FIELDS and placed.text is not None
        if not (field == "workspaceId" and draft.is_by_name)
        for name in parse_template(placed.text).names
    )
    return tuple(sorted(uses, key=lambda use: (use.position, use.variable)))
