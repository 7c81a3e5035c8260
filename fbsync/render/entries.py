"""The entries and rows that all renderings of a plan or of drift share. Their text is safe to show."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Tone(StrEnum):
    """The tone of a remark. Each rendering has a colour and a sign for it."""

    ADD = "add"
    CHANGE = "change"
    REMOVE = "remove"
    TROUBLE = "trouble"
    """Somebody must fix this first."""
    QUIET = "quiet"
    """For information: nothing is done on the server."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One field of an entry: its value, or the values before and after.

    Attributes:
        label: the field's name.
        before: the present value if it is replaced or removed, or None.
        after: the new value, or the present value if it stays; None if the value is removed.
        note: a further remark.
        tone: whether the value is added, changed or removed, or only mentioned.
        is_drift: whether somebody changed the value outside.
    """

    label: str
    before: str | None = None
    after: str | None = None
    note: str = ""
    tone: Tone
    is_drift: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One configuration and its rows.

    Attributes:
        kind: one word for what happens to it. Entries are grouped by it.
        tone: the tone of the kind.
        name: the configuration's name.
        workspace: its workspace's id.
        why: the reason, if the kind alone does not say it.
        hint: what to do.
        rows: its fields.
        marks: what is special about it: ``protected``, ``drift``, ``verified first``.
        warnings: sentences without their full stop.
        ages: the ages of its credentials, in a few words each.
        environment: its environment if several are shown (empty for no environment), otherwise None.
    """

    kind: str
    tone: Tone
    name: str
    workspace: str
    why: str = ""
    hint: str = ""
    rows: tuple[Row, ...] = ()
    marks: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    ages: tuple[str, ...] = ()
    environment: str | None = None

    @property
    def gist(self) -> str:
        """The change in a few words: what is new, which fields change, or the reason."""
        match self.tone:
            case Tone.ADD:
                return " at ".join(row.after for row in self.rows[:2] if row.after is not None) or self.why
            case Tone.CHANGE:
                return ", ".join(row.label for row in self.rows if row.tone is not Tone.QUIET) or self.why
            case _:
                return self.why


def counted(number: int, noun: str, plural: str = "") -> str:
    """Return a number with its noun, in the singular or the plural."""
    return f"{number} {noun if number == 1 else plural or noun + 's'}"
