"""Find what libyaml must not see or would misread: conflict markers, directives, special characters of YAML 1.1."""

from __future__ import annotations

import re
from itertools import islice
from typing import TYPE_CHECKING

from fbsync.model.findings import MOST_FINDINGS

if TYPE_CHECKING:
    from fbsync.model.findings import Finding
    from fbsync.strict_yaml.source_text import SourceText

# Few texts need these patterns, so they are compiled on demand.
_CONFLICT = r"(?m)^(?:<{7}|>{7})(?=[ \r\n]|\Z)"
_ANY_MARKER = r"(?m)^(?:<{7}|={7}|>{7}|\|{7})(?=[ \r\n]|\Z)"

_LINE_SEPARATORS = {"\u0085": "U+0085", "\u2028": "U+2028", "\u2029": "U+2029"}

_CONTROL = "[\\x00-\\x08\\x0b\\x0c\\x0e-\\x1f\\x7f-\\x9f\\ud800-\\udfff\\ufffe\\uffff]"

_FIRST_DIRECTIVE = re.compile(r"(?:[ \t]*+(?:#[^\r\n]*+)?(?:\r\n?|\n))*+%")
_TAKEN_DIRECTIVE = r"%YAML[ \t]+1\.2[ \t]*(?:[ \t]#.*)?"


def prescan(source: SourceText) -> list[Finding]:
    """Return the findings that prevent parsing: all conflict markers, or the first finding of another kind."""
    return conflict_markers(source) or _misread_characters(source) or _directives(source)


def conflict_markers(source: SourceText, *, lone: bool = False) -> list[Finding]:
    """Return a finding for each merge conflict marker, up to ``MOST_FINDINGS``.

    Args:
        source: the text.
        lone: whether to report markers even if no line starts with ``<<<<<<<`` or ``>>>>>>>``, as after a
            conflict that was only partly resolved.
    """
    text = source.text
    suspicious = "<<<<<<<" in text or ">>>>>>>" in text
    if not (lone or (suspicious and re.search(_CONFLICT, text))):
        return []
    return [
        source.finding(
            "conflict-marker",
            marker.start(),
            f"this line (`{marker[0]}`) is a merge conflict marker",
            "resolve the conflict: keep the right lines and remove the markers",
        )
        for marker in islice(re.finditer(_ANY_MARKER, text), MOST_FINDINGS)
    ]


def control_character(source: SourceText) -> Finding | None:
    """Return a finding for the first character that YAML forbids, or None. Used after libyaml refused a character."""
    found = re.search(_CONTROL, source.text)
    if found is None:
        return None
    return source.finding(
        "control-character",
        found.start(),
        f"the character U+{ord(found[0]):04X} is not allowed in YAML",
        'remove it, or write it as an escape in double quotes, such as "\\x07"',
    )


def _misread_characters(source: SourceText) -> list[Finding]:
    """Find characters that libyaml takes for YAML 1.1 line breaks, or skips. ASCII text has none."""
    text = source.text
    if text.isascii():
        return []
    for character, name in _LINE_SEPARATORS.items():
        if character in text:
            return [
                _misread(source, character, f"the character {name} is a line break in YAML 1.1 but not in YAML 1.2")
            ]
    if "\ufeff" in text:
        return [_misread(source, "\ufeff", "there is a byte order mark (U+FEFF) inside the text")]
    return []


def _misread(source: SourceText, character: str, message: str) -> Finding:
    remedy = f'remove it, or write it in double quotes as "\\u{ord(character):04X}"'
    return source.finding("control-character", source.text.index(character), message, remedy)


def _directives(source: SourceText) -> list[Finding]:
    """Find the first directive other than ``%YAML 1.2``.

    libyaml refuses directives that it does not know, although YAML says to ignore them. It also compares each
    ``%TAG`` with all others, which takes forever if there are many.
    """
    at = 0
    while found := _FIRST_DIRECTIVE.match(source.text, at):
        start, line = source.line_at(found.end() - 1)
        if not re.fullmatch(_TAKEN_DIRECTIVE, line):
            return [
                source.finding(
                    "directive-not-taken",
                    start,
                    "a line that starts with `%` is a directive; fbsync supports only `%YAML 1.2`",
                    "remove it: fbsync always reads YAML 1.2",
                )
            ]
        at = start + len(line)
    return []
