"""The tables of a report: the counts of each kind in each workspace, and a table of contents."""

from __future__ import annotations

from collections import Counter
from html import escape
from itertools import groupby
from typing import TYPE_CHECKING

from fbsync.render.page_words import NO_ENVIRONMENT, entry_place, foreign, place_words

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from fbsync.render.page_sections import Numbered, Section


def overview(sections: Sequence[Section]) -> Iterator[str]:
    """Yield a table of the counts of each kind in each workspace, if there are several workspaces."""
    numbers = Counter((entry_place(entry), section.kind) for section in sections for entry in section.entries)
    places = sorted({place for place, _ in numbers})
    if len(places) < 2:  # noqa: PLR2004 - one is no overview
        return
    columns = ("environment", "workspace")[-len(places[0]) :]
    title = f"{'s and '.join(columns).capitalize()}s at a glance"
    yield f'<div class="overview" role="region" aria-label="{title}" tabindex="0">'
    yield "<table>"
    yield f"<caption>{title}</caption>"
    titles = "".join(f'<th scope="col">{escape(section.title)}</th>' for section in sections)
    headings = "".join(f'<th scope="col" class="place">{name}</th>' for name in columns)
    yield f"<thead><tr>{headings}{titles}</tr></thead>"
    yield "<tbody>"
    for place in places:
        names = "".join(
            f'<th scope="row" class="place">{foreign(name) if name else NO_ENVIRONMENT}</th>' for name in place
        )
        cells = "".join(_cell(numbers[place, section.kind], section) for section in sections)
        yield f"<tr>{names}{cells}</tr>"
    yield "</tbody>"
    yield "</table>"
    yield "</div>"


def _cell(number: int, section: Section) -> str:
    """Return a cell with a number. On a phone, the words after it replace the column's title."""
    words = f'<span class="column"> {escape(section.title)}</span>'
    return f"<td>{number}{words}</td>" if number else '<td class="none">0</td>'


def contents(numbered: Numbered) -> Iterator[str]:
    """Yield a table of contents by workspace, with links to the cards, and a filter field that a script shows."""
    rows = [(entry_place(entry), section, number, entry) for section, entries in numbered for number, entry in entries]
    rows = [row for row in rows if not row[1].is_brief]
    yield '<nav class="contents" aria-labelledby="title-contents">'
    yield '<h2 id="title-contents">Contents</h2>'
    yield '<p class="filter" hidden><label for="filter">Filter by text</label> '
    yield '<input type="search" id="filter" autocomplete="off" spellcheck="false"> <output for="filter"></output></p>'
    yield "<table>"
    yield '<thead><tr><th scope="col">name</th><th scope="col">kind</th><th scope="col">what changes</th></tr></thead>'
    for place, same in groupby(sorted(rows, key=lambda row: row[0]), key=lambda row: row[0]):
        yield f'<tbody><tr class="place"><th scope="rowgroup" colspan="3">{place_words(place)}</th></tr>'
        for _, section, number, entry in same:
            name = f'<th scope="row"><a href="#entry-{number}">{foreign(entry.name)}</a></th>'
            kind = f'<td><span class="badge tone-{section.tone}">{escape(section.title)}</span></td>'
            yield f'<tr id="row-{number}" class="row-{section.kind}">{name}{kind}<td>{foreign(entry.gist)}</td></tr>'
        yield "</tbody>"
    yield "</table>"
    yield "</nav>"
