"""What all renderings of a plan or of drift share: entries with rows, safe to show."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Tone(StrEnum):
    """The tone of a remark; each rendering has a colour and a sign for it."""

    ADD = "add"
    CHANGE = "change"
    REMOVE = "remove"
    TROUBLE = "trouble"
    """Somebody must fix this first."""
    QUIET = "quiet"
    """For information; nothing is done on the server."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One field of an entry: its value, or the values before and after.

    Attributes:
        before: the value that it has, where that goes.
        after: the value that it is to have, or that it keeps.
        note: what else is to be said of it.
        tone: whether it comes, changes, goes, or is only mentioned.
        is_drift: whether somebody changed it outside.
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
        kind: one word for what happens to it, by which entries are grouped.
        why: the reason, where the kind does not say it all.
        hint: what to do.
        marks: what stands out about it: ``protected``, ``drift``, ``verified first``.
        warnings: sentences without their full stop.
        ages: how old its credentials are, a few words each.
        environment: the environment that it is of, where several are shown; empty without one.
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
    """A number with its noun."""
    return f"{number} {noun if number == 1 else plural or noun + 's'}"
