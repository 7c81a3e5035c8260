"""The entries of a report as cards or lines, and its notes."""

from __future__ import annotations

from html import escape
from itertools import groupby
from typing import TYPE_CHECKING

from fbsync.render.entries import Tone
from fbsync.render.page_words import entry_place, foreign, html_of, place_words, sentence

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from fbsync.render.entries import Entry, Row
    from fbsync.render.page_sections import Notes, Section


def notes_block(notes: Notes) -> Iterator[str]:
    """Yield the lines of notes that are not about a single entry: a title and items."""
    whole, title = ("details", "summary") if notes.is_folded else ("div", "p")
    yield f'<{whole} class="notes tone-{notes.tone}">'
    yield f"<{title}>{escape(notes.title)}</{title}>"
    yield "<ul>"
    for term, text in notes.items:
        yield (
            f'<li><span class="value">{foreign(term)}</span>: {html_of(text)}</li>'
            if term
            else f"<li>{html_of(text)}</li>"
        )
    yield "</ul>"
    yield f"</{whole}>"


def section_block(section: Section, entries: Sequence[tuple[int, Entry]], *, is_long: bool) -> Iterator[str]:
    """Yield the lines of a section: the entries of one kind, each with its number. A long report folds them."""
    yield f'<section id="kind-{section.kind}" class="tone-{section.tone}" aria-labelledby="title-{section.kind}">'
    yield f'<h2 id="title-{section.kind}">{len(section.entries)} {escape(section.title)}</h2>'
    if section.is_brief:
        yield '<ul class="plain">'
        yield from (_item(entry) for _, entry in entries)
        yield "</ul>"
    elif is_long:
        yield from _folded_cards(entries)
    else:
        for _, entry in entries:
            yield from _article(entry)
    yield "</section>"


def _folded_cards(entries: Sequence[tuple[int, Entry]]) -> Iterator[str]:
    """Yield folded cards, which at first show only their heads, grouped by workspace."""
    placed = sorted(((entry_place(entry), number, entry) for number, entry in entries), key=lambda card: card[:2])
    for place, cards in groupby(placed, key=lambda card: card[0]):
        yield '<div class="group">'
        yield f'<h3 class="place">{place_words(place)}</h3>'
        for _, number, entry in cards:
            yield f'<article id="card-{number}" class="folded tone-{entry.tone}">'
            yield f"<details><summary>{_who(entry, 'h4', with_place=False)}{_gist(entry)}</summary>"
            yield f'<div id="entry-{number}">'
            yield from _inside(entry)
            yield "</div></details></article>"
        yield "</div>"


def _gist(entry: Entry) -> str:
    return f'<span class="gist">{foreign(entry.gist)}</span>' if entry.gist else ""


def _item(entry: Entry) -> str:
    why = f'<p class="soft">{html_of(sentence(entry.why))}</p>' if entry.why else ""
    return f"<li>{_who(entry, 'span')}{why}{_ages(entry)}{_warnings(entry)}</li>"


def _article(entry: Entry) -> Iterator[str]:
    yield f'<article class="tone-{entry.tone}">'
    yield _who(entry, "h3")
    yield from _inside(entry)
    yield "</article>"


def _inside(entry: Entry) -> Iterator[str]:
    """Yield the content of an entry's card."""
    if entry.why:
        yield f'<p class="soft">{html_of(sentence(entry.why))}</p>'
    if entry.rows:
        yield "<dl>"
        yield from map(_row, entry.rows)
        yield "</dl>"
    if entry.ages:
        yield _ages(entry)
    if entry.hint:
        yield f'<p class="hint"><b>Fix:</b> {html_of(entry.hint)}</p>'
    yield _warnings(entry)


def _who(entry: Entry, tag: str, *, with_place: bool = True) -> str:
    name = f"<{tag}>{foreign(entry.name)}</{tag}>"
    where = f'<span class="where">{place_words(entry_place(entry))}</span>' if with_place else ""
    badges = (f'<span class="badge tone-change">{escape(mark)}</span>' for mark in entry.marks)
    return f'<div class="head">{" ".join(filter(None, (name, where, *badges)))}</div>'


def _warnings(entry: Entry) -> str:
    return "\n".join(
        f'<p class="warning"><b>Warning:</b> {html_of(sentence(warning))}</p>' for warning in entry.warnings
    )


def _ages(entry: Entry) -> str:
    return f'<p class="soft">{html_of(sentence(", ".join(entry.ages)))}</p>' if entry.ages else ""


def _row(row: Row) -> str:
    return f"<div><dt>{escape(row.label)}</dt><dd>{' '.join(_values(row))}</dd></div>"


def _values(row: Row) -> Iterable[str]:
    """Yield the values of a row. Removed and added values are marked for the eye and for screen readers."""
    if row.before is not None:
        yield f"<del>{foreign(row.before)}</del>"
    if row.before is not None and row.after is not None:
        yield '<span class="arrow" aria-hidden="true">→</span>'
    if row.after is not None:
        is_new = row.before is not None or row.tone is Tone.ADD
        yield f"<ins>{foreign(row.after)}</ins>" if is_new else f'<span class="value">{foreign(row.after)}</span>'
    if row.note:
        yield f'<span class="{"note drift" if row.is_drift else "note"}">({foreign(row.note)})</span>'
