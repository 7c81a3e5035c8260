"""A report as one HTML page that loads nothing. It has light and dark colours, and suits all widths and paper.

It shows sections of entries of any kind. The boxes above them hide and show the sections with CSS alone. A report of
many entries folds them under a table of contents. It also has a filter field, which needs a script; everything else
works without that script.
"""

from __future__ import annotations

import hashlib
import itertools
from base64 import b64encode
from html import escape
from importlib.resources import files
from typing import TYPE_CHECKING

from fbsync.render.page_cards import notes_block, section_block
from fbsync.render.page_tables import contents, overview
from fbsync.render.page_words import foreign

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from fbsync.render.page_sections import Numbered, Page, Section

_MOST_OPEN = 20
"""A report with more entries folds them under a table of contents."""


def html(page: Page) -> str:
    """Return a page as text. Foreign text is escaped, and the page's policy (CSP 3) lets nothing else load or run."""
    sections = [section for section in page.sections if section.entries]
    is_long = sum(len(section.entries) for section in sections if not section.is_brief) > _MOST_OPEN
    style = "\n".join((_page_file("page.css"), *(_hiding(section) for section in sections)))
    script = _page_file("page.js") if is_long else ""
    numbered = _numbered(sections)
    lines = [
        "<!doctype html>",
        '<html lang="en">',
        "<head>",
        '<meta charset="utf-8">',
        f'<meta http-equiv="Content-Security-Policy" content="{_policy(style, script)}">',
        '<meta name="viewport" content="width=device-width, initial-scale=1">',
        '<meta name="referrer" content="no-referrer">',
        f"<title>{escape(page.title)}</title>",
        f"<style>{style}</style>",
        "</head>",
        "<body>",
        *_header(page, sections),
        "<main>",
        *(line for notes in page.notes for line in notes_block(notes)),
        *overview(sections),
        *(contents(numbered) if is_long else ()),
        *(line for section, entries in numbered for line in section_block(section, entries, is_long=is_long)),
        *(line for notes in page.remarks for line in notes_block(notes)),
        "</main>",
        "<footer>Made by fbsync. Credentials appear only as the names of their variables.</footer>",
        *([f"<script>{script}</script>"] if script else ()),
        "</body>",
        "</html>",
    ]
    return "\n".join([*lines, ""])


def _numbered(sections: Iterable[Section]) -> Numbered:
    """Return the sections, with a unique number for each entry."""
    number = itertools.count(1)
    return tuple((section, tuple((next(number), entry) for entry in section.entries)) for section in sections)


def _page_file(name: str) -> str:
    """Return the text of a file that becomes part of the page."""
    return (files("fbsync.render") / name).read_text(encoding="utf-8")


def _policy(style: str, script: str) -> str:
    allowed = f"script-src {_digest(script)}; " if script else ""
    return f"default-src 'none'; style-src {_digest(style)}; {allowed}base-uri 'none'; form-action 'none'"


def _digest(text: str) -> str:
    return f"'sha256-{b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


def _hiding(section: Section) -> str:
    hidden = f":is(#kind-{section.kind}, .row-{section.kind})"
    return f"body:has(#show-{section.kind}:not(:checked)) {hidden} {{ display: none; }}"


def _header(page: Page, sections: Sequence[Section]) -> Iterator[str]:
    yield "<header>"
    yield f"<h1>{foreign(page.title)}</h1>"
    if page.facts:
        yield f'<p class="facts">{" ".join(map(_fact, page.facts))}</p>'
    yield f'<p class="lead">{foreign(page.lead)}</p>'
    for aside in page.asides:
        yield f'<p class="soft">{foreign(aside)}</p>'
    if sections:
        yield "<fieldset>"
        yield "<legend>Show</legend>"
        yield from map(_box, sections)
        yield "</fieldset>"
    yield "</header>"


def _fact(fact: tuple[str, str]) -> str:
    return f"<span>{escape(fact[0])}: <b>{foreign(fact[1])}</b></span>"


def _box(section: Section) -> str:
    checked = "" if section.is_hidden else " checked"
    box = f'<input type="checkbox" id="show-{section.kind}" autocomplete="off"{checked}>'
    number = f"<b>{len(section.entries)}</b> {escape(section.title)}"
    return f'<label class="kind tone-{section.tone}">{box}<span>{number}</span></label>'
