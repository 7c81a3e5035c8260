"""A report as one HTML page that needs nothing else: no network, no script, light and dark, wide and narrow.

It shows sections of entries, whatever they are of; the boxes above them hide and show the sections by CSS alone.
"""

from __future__ import annotations

import hashlib
import re
from base64 import b64encode
from collections import Counter
from dataclasses import dataclass
from html import escape
from importlib.resources import files
from typing import TYPE_CHECKING

from fbsync.render.entries import Entry, Row, Tone

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence


NO_ENVIRONMENT = "(none)"
"""What stands for the manifest's own list beside environments."""

_QUOTED = re.compile("`([^`]+)`")


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    """The entries of one kind.

    Attributes:
        kind: the kind, a word of lower-case letters that no other section has.
        title: what the reader calls it.
        is_brief: whether its entries are many and dull: a list of names then.
    """

    kind: str
    title: str
    tone: Tone
    entries: tuple[Entry, ...]
    is_brief: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Notes:
    """Something to know that is about no single entry.

    Attributes:
        items: each a term, and what is said of it.
    """

    title: str
    items: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """A report.

    Attributes:
        lead: the sentence that says it all.
        asides: sentences beside it.
        notes: shown before the sections; None where there is nothing.
    """

    title: str
    lead: str
    asides: tuple[str, ...]
    sections: tuple[Section, ...]
    notes: Notes | None = None


def html(page: Page) -> str:
    """A page as text: every foreign part escaped, and a policy in it (CSP 3) that lets nothing load or run."""
    sections = [section for section in page.sections if section.entries]
    style = "\n".join((_stylesheet(), *(_hiding(section) for section in sections)))
    digest = b64encode(hashlib.sha256(style.encode()).digest()).decode()
    policy = f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'"
    lines = [
        "<!doctype html>",
        '<html lang="en">',
        "<head>",
        '<meta charset="utf-8">',
        f'<meta http-equiv="Content-Security-Policy" content="{policy}">',
        '<meta name="viewport" content="width=device-width, initial-scale=1">',
        '<meta name="referrer" content="no-referrer">',
        f"<title>{escape(page.title)}</title>",
        f"<style>{style}</style>",
        "</head>",
        "<body>",
        *_header(page, sections),
        "<main>",
        *_overview(sections),
        *(_notes(page.notes) if page.notes is not None else ()),
        *(line for section in sections for line in _section(section)),
        "</main>",
        "<footer>Made by fbsync. Credentials stand here as the names of their variables only.</footer>",
        "</body>",
        "</html>",
    ]
    return "\n".join([*lines, ""])


def _stylesheet() -> str:
    return (files("fbsync.render") / "page.css").read_text(encoding="utf-8")


def _hiding(section: Section) -> str:
    return f"body:has(#show-{section.kind}:not(:checked)) #kind-{section.kind} {{ display: none; }}"


def _header(page: Page, sections: Sequence[Section]) -> Iterator[str]:
    yield "<header>"
    yield f"<h1>{_foreign(page.title)}</h1>"
    yield f'<p class="lead">{_foreign(page.lead)}</p>'
    for aside in page.asides:
        yield f'<p class="soft">{_foreign(aside)}</p>'
    if sections:
        yield "<fieldset>"
        yield "<legend>Show</legend>"
        yield from map(_box, sections)
        yield "</fieldset>"
    yield "</header>"


def _box(section: Section) -> str:
    box = f'<input type="checkbox" id="show-{section.kind}" autocomplete="off" checked>'
    number = f"<b>{len(section.entries)}</b> {escape(section.title)}"
    return f'<label class="kind tone-{section.tone}">{box}<span>{number}</span></label>'


def _overview(sections: Sequence[Section]) -> Iterator[str]:
    """How many entries of each kind each workspace has, where there are several workspaces."""
    numbers = Counter((_place(entry), section.kind) for section in sections for entry in section.entries)
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
            f'<th scope="row" class="place">{_foreign(name) if name else NO_ENVIRONMENT}</th>' for name in place
        )
        cells = "".join(_cell(numbers[place, section.kind]) for section in sections)
        yield f"<tr>{names}{cells}</tr>"
    yield "</tbody>"
    yield "</table>"
    yield "</div>"


def _place(entry: Entry) -> tuple[str, ...]:
    """Where an entry is: its environment, if several are shown, and its workspace."""
    return (entry.workspace,) if entry.environment is None else (entry.environment, entry.workspace)


def _cell(number: int) -> str:
    return f"<td>{number}</td>" if number else '<td class="none">0</td>'


def _notes(notes: Notes) -> Iterator[str]:
    yield '<div class="notes tone-change">'
    yield f"<p>{escape(notes.title)}</p>"
    yield "<ul>"
    for term, text in notes.items:
        yield f'<li><span class="value">{_foreign(term)}</span>: {_foreign(text)}</li>'
    yield "</ul>"
    yield "</div>"


def _section(section: Section) -> Iterator[str]:
    yield f'<section id="kind-{section.kind}" class="tone-{section.tone}" aria-labelledby="title-{section.kind}">'
    yield f'<h2 id="title-{section.kind}">{len(section.entries)} {escape(section.title)}</h2>'
    if section.is_brief:
        yield '<ul class="plain">'
        yield from map(_item, section.entries)
        yield "</ul>"
    else:
        for entry in section.entries:
            yield from _article(entry)
    yield "</section>"


def _item(entry: Entry) -> str:
    why = f'<p class="soft">{_said(_sentence(entry.why))}</p>' if entry.why else ""
    return f"<li>{_who(entry, 'span')}{why}{_warnings(entry)}</li>"


def _article(entry: Entry) -> Iterator[str]:
    yield f'<article class="tone-{entry.tone}">'
    yield _who(entry, "h3")
    if entry.why:
        yield f'<p class="soft">{_said(_sentence(entry.why))}</p>'
    if entry.rows:
        yield "<dl>"
        yield from map(_row, entry.rows)
        yield "</dl>"
    if entry.hint:
        yield f'<p class="hint"><b>What to do:</b> {_said(entry.hint)}</p>'
    yield _warnings(entry)
    yield "</article>"


def _who(entry: Entry, tag: str) -> str:
    name = f"<{tag}>{_foreign(entry.name)}</{tag}>"
    environment = f"environment {_foreign(entry.environment)}, " if entry.environment else ""
    where = f'<span class="where">{environment}workspace {_foreign(entry.workspace)}</span>'
    badges = (f'<span class="badge tone-change">{escape(mark)}</span>' for mark in entry.marks)
    return f'<div class="head">{" ".join((name, where, *badges))}</div>'


def _warnings(entry: Entry) -> str:
    return "\n".join(
        f'<p class="warning"><b>Warning:</b> {_said(_sentence(warning))}</p>' for warning in entry.warnings
    )


def _row(row: Row) -> str:
    return f"<div><dt>{escape(row.label)}</dt><dd>{' '.join(_values(row))}</dd></div>"


def _values(row: Row) -> Iterable[str]:
    """The values of a row, those that go and those that come marked as such for eyes and for screen readers."""
    if row.before is not None:
        yield f"<del>{_foreign(row.before)}</del>"
    if row.before is not None and row.after is not None:
        yield '<span class="arrow" aria-hidden="true">→</span>'
    if row.after is not None:
        is_new = row.before is not None or row.tone is Tone.ADD
        yield f"<ins>{_foreign(row.after)}</ins>" if is_new else f'<span class="value">{_foreign(row.after)}</span>'
    if row.note:
        yield f'<span class="{"note drift" if row.is_drift else "note"}">({_foreign(row.note)})</span>'


def _said(text: str) -> str:
    """What we say, with foreign parts in it: as foreign, and with what is quoted in backticks as code."""
    said = _QUOTED.sub(r"<code>\1</code>", escape(text))
    return f"<bdi>{said}</bdi>"


def _sentence(text: str) -> str:
    """A phrase as a sentence."""
    return f"{text[:1].upper()}{text[1:]}."


def _foreign(text: str) -> str:
    """A foreign text: escaped, and apart from its surroundings in its direction (HTML, 4.5.24 'The bdi element')."""
    return f"<bdi>{escape(text)}</bdi>"
