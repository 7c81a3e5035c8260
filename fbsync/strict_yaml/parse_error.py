"""An error of the YAML parser: the problem, its context, and the surrounding text."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from yaml import MarkedYAMLError

if TYPE_CHECKING:
    from yaml import YAMLError

    from fbsync.model.findings import Finding
    from fbsync.strict_yaml.source_text import SourceText

_INDENT = re.compile(r"[ \t]*")

_TAB_PROBLEMS = (
    "tab character",
    "cannot start any token",
    "mapping values are not allowed",
    "did not find expected key",
    "did not find expected '-' indicator",
    "could not find expected ':'",
    "<document start>",
)
"""Problems that a tab before the first word of the line explains. Brackets and quotes may contain tabs."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ParseError:
    """What the parser reported, with offsets.

    Attributes:
        source: the text.
        problem: what the parser expected or did not understand, in its own words.
        at: where the problem is.
        context: what the parser was reading, in its own words, or an empty string.
        context_at: where the context starts, or where the problem is if there is no context.
        opened_at: where the innermost unfinished list or mapping starts, or None.
    """

    source: SourceText
    problem: str
    at: int
    context: str
    context_at: int
    opened_at: int | None

    @classmethod
    def of(cls, error: YAMLError, *, source: SourceText, opened_at: int | None) -> ParseError | None:
        """Take the parser's error apart, or return None if it has no position."""
        if not isinstance(error, MarkedYAMLError) or error.problem_mark is None:
            return None
        at = error.problem_mark.index
        return cls(
            source=source,
            problem=error.problem or "",
            at=at,
            context=error.context or "",
            context_at=at if error.context_mark is None else error.context_mark.index,
            opened_at=opened_at,
        )

    def finding(
        self, at: int, message: str, remedy: str, *, rule: str = "yaml-syntax", related: tuple[int, ...] = ()
    ) -> Finding:
        """Return a finding in the text that the error is about."""
        return self.source.finding(rule, at, message, remedy, related=related)

    @property
    def character(self) -> str:
        """The character at the problem. Empty at the end of the file."""
        return self.source.text[self.at : self.at + 1]

    @property
    def before(self) -> str:
        """The text before the problem on the same line."""
        start, _ = self.source.line_at(self.at)
        return self.source.text[start : self.at]

    @property
    def indent(self) -> int:
        """How many spaces and tabs the problem's line starts with."""
        return _indent(self.source.line_at(self.at)[1])

    @property
    def first_word_at(self) -> int:
        """Where the first word of the problem's line is."""
        return self.source.line_at(self.at)[0] + self.indent

    @property
    def line_above(self) -> tuple[int, int] | None:
        """The offset of the first word of the last non-blank line above, and its indentation, or None."""
        start, _ = self.source.line_at(self.at)
        above = self.source.text[:start].rstrip()
        if not above:
            return None
        start, line = self.source.line_at(len(above) - 1)
        return start + _indent(line), _indent(line)

    @property
    def tab_at(self) -> int | None:
        """The offset of a tab that explains the error, or None."""
        if self.character == "\t":
            return self.at
        if "flow" in self.context or not any(problem in self.problem for problem in _TAB_PROBLEMS):
            return None
        start, line = self.source.line_at(self.at)
        tab = line[: _indent(line)].find("\t")
        return None if tab < 0 else start + tab


def _indent(line: str) -> int:
    found = _INDENT.match(line)
    return found.end() if found else 0
