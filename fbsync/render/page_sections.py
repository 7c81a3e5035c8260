"""The parts of a report: sections of entries, and notes."""

from __future__ import annotations

from dataclasses import dataclass

from fbsync.render.entries import Entry, Tone


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    """The entries of one kind.

    Attributes:
        kind: the kind, a word in lower case that is different for each section.
        title: the title for readers.
        tone: the tone of the kind.
        entries: the entries.
        is_brief: whether to show only a list of names, because the entries are many and need no details.
        is_hidden: whether it is hidden until its box is ticked.
    """

    kind: str
    title: str
    tone: Tone
    entries: tuple[Entry, ...]
    is_brief: bool = False
    is_hidden: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Notes:
    """A remark that is not about a single entry.

    Attributes:
        title: the title.
        items: the items: a term and a text about it.
        tone: the tone.
        is_folded: whether only the title is visible at first.
    """

    title: str
    items: tuple[tuple[str, str], ...]
    tone: Tone = Tone.CHANGE
    is_folded: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """A report.

    Attributes:
        title: the title.
        lead: the summary sentence.
        asides: further sentences after the lead.
        sections: the sections.
        facts: facts about the report as a whole, each with a term and a value.
        notes: the notes before the sections.
        remarks: the notes after the sections.
    """

    title: str
    lead: str
    asides: tuple[str, ...]
    sections: tuple[Section, ...]
    facts: tuple[tuple[str, str], ...] = ()
    notes: tuple[Notes, ...] = ()
    remarks: tuple[Notes, ...] = ()


Numbered = tuple[tuple[Section, tuple[tuple[int, Entry], ...]], ...]
"""The sections of a report, with a unique number for each entry."""
