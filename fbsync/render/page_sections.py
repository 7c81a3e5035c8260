"""The parts of a report: sections of entries, and notes."""

from __future__ import annotations

from dataclasses import dataclass

from fbsync.render.entries import Entry, Tone


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    """The entries of one kind.

    Attributes:
        kind: the kind, a word of lower-case letters that no other section has.
        title: what the reader calls it.
        is_brief: whether its entries are many and dull: a list of names then.
        is_hidden: whether it is shown only once its box is ticked.
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
        items: each a term, and what is said of it.
        is_folded: whether only its title is seen at first.
    """

    title: str
    items: tuple[tuple[str, str], ...]
    tone: Tone = Tone.CHANGE
    is_folded: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """A report.

    Attributes:
        lead: the sentence that says it all.
        facts: what to know of the report as a whole, each a term and its value.
        asides: sentences beside it.
        notes: shown before the sections.
        remarks: shown after them.
    """

    title: str
    lead: str
    asides: tuple[str, ...]
    sections: tuple[Section, ...]
    facts: tuple[tuple[str, str], ...] = ()
    notes: tuple[Notes, ...] = ()
    remarks: tuple[Notes, ...] = ()


Numbered = tuple[tuple[Section, tuple[tuple[int, Entry], ...]], ...]
"""The sections of a report; each entry has a unique number."""
