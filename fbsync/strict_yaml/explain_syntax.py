"""Explain the YAML parser's errors in plain words, at the place where a person would fix them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fbsync.strict_yaml.parse_error import ParseError
from fbsync.strict_yaml.prescan import conflict_markers, control_character
from fbsync.strict_yaml.rejections import NESTED_TOO_DEEP, Words

if TYPE_CHECKING:
    from collections.abc import Callable

    from yaml import YAMLError

    from fbsync.model.findings import Finding
    from fbsync.strict_yaml.source_text import SourceText

_LONGEST_KEY = 1_024
"""In characters, for a key that shares its line with its value (YAML 1.2.2, chapter 8.2.2)."""

_QUOTE_IT = 'if it is text, put it in quotes: "…"'


_UNKNOWN = Words(
    "this is not valid YAML",
    "check indentation, quotes and brackets here and in the lines before; each key needs a colon and a space",
)
_TAB = Words("this line is indented with a tab; YAML allows only spaces", "indent with spaces, two for each level")
_SECOND_COLON = Words(
    "there is a second key on this line: a value is followed by a colon and a space",
    'start a new line, or put a value that contains ": " in quotes',
)
_KEY_TOO_LONG = Words(
    f"the text before this colon is too long to be a key (more than {_LONGEST_KEY:,} characters)",
    _QUOTE_IT,
)
_TOO_DEEP = Words(
    "this line is indented deeper than the line above, which already has a value",
    "indent it like the lines around it, or end the line above with a colon if this belongs to it",
)
_NO_COLON = Words(
    "this line has no key: a key ends with a colon and a space",
    "write `key: value`; indent text of several lines deeper than its key, or put it in quotes",
)
_NEEDLESS_ITEM = Words(
    "there is a list item (`- `) among the keys of a mapping",
    "indent the list under its key",
)
_NO_KEY = Words("there is no key before this colon", "write `key: value`")
_NO_NEIGHBOUR = Words(
    "this line's indentation does not match any mapping around it",
    "indent it exactly like the other keys of its mapping",
)
_NO_ITEM = Words(
    "this line is neither a list item (`- …`) nor indented as part of one",
    "start it with `- `, or indent it like the keys that it belongs with",
)
_TEXT_BEHIND = Words(
    "there is text after the closing quote or bracket of a value",
    "put the whole value in quotes; inside single quotes, write '' for one quote",
)
_ROOT_ENDED = Words(
    "this is not part of the value that the file starts with",
    "a manifest is one mapping: all its top-level keys start in the same column",
)
_UNCLOSED_BRACKET = Words(
    "this bracket is not closed, or a key inside it spans two lines", "write `]` or `}` after its last item"
)
_WRONG_BRACKET = Words(
    "this bracket does not match the one that was opened last",
    "close `[` with `]` and `{` with `}`, innermost first",
)
_NO_COMMA = Words(
    "expected a comma or a closing bracket here",
    "write a comma between items, and put text with commas, colons or brackets in quotes",
)
_NOTHING_OPEN = Words("there is no open bracket for this one to close", _QUOTE_IT)
_NO_VALUE = Words("expected a value here", 'write one; if it is text that starts like this, put it in quotes: "…"')
_NO_START = Words("a value without quotes cannot start with this character", 'put the value in quotes: "…"')


def _mapping_not_allowed(error: ParseError) -> Finding:
    key = error.before.strip()
    if len(key) > _LONGEST_KEY:
        return error.finding(error.at, *_KEY_TOO_LONG)
    if ": " in key or "\t" in key:
        return error.finding(error.at, *_SECOND_COLON)
    above = error.line_above
    if above is None:
        return error.finding(error.at, *_UNKNOWN)
    above_at, above_indent = above
    if above_indent < error.indent:
        return error.finding(error.first_word_at, *_TOO_DEEP, related=(above_at,))
    return error.finding(above_at, *_NO_COLON)


def _key_expected(error: ParseError) -> Finding:
    if error.before.strip(" -?"):
        return error.finding(error.at, *_TEXT_BEHIND)
    words = {"-": _NEEDLESS_ITEM, ":": _NO_KEY}.get(error.character, _NO_NEIGHBOUR)
    return error.finding(error.at, *words, related=(error.context_at,))


def _item_expected(error: ParseError) -> Finding:
    if error.before.strip():
        return error.finding(error.at, *_TEXT_BEHIND)
    return error.finding(error.at, *_NO_ITEM, related=(error.context_at,))


def _comma_expected(error: ParseError) -> Finding:
    if error.character and error.character in "]}":
        return error.finding(error.at, *_WRONG_BRACKET, related=(error.context_at,))
    if error.character and "\n" not in error.source.text[error.context_at : error.at]:
        return error.finding(error.at, *_NO_COMMA, related=(error.context_at,))
    return error.finding(error.context_at, *_UNCLOSED_BRACKET, related=(error.at,))


def _content_expected(error: ParseError) -> Finding:
    if not error.character and error.opened_at is not None:
        return error.finding(error.opened_at, *_UNCLOSED_BRACKET)
    if error.character and error.character in "]}":
        words = _WRONG_BRACKET if "flow" in error.context else _NOTHING_OPEN
        return error.finding(error.at, *words)
    return error.finding(error.at, *_NO_VALUE)


def _document_expected(error: ParseError) -> Finding:
    return error.finding(error.at, *(_TEXT_BEHIND if error.before.strip() else _ROOT_ENDED))


def _at_problem(message: str, remedy: str, *, rule: str = "yaml-syntax") -> Callable[[ParseError], Finding]:
    return lambda error: error.finding(error.at, message, remedy, rule=rule)


def _at_context(message: str, remedy: str, *, rule: str = "yaml-syntax") -> Callable[[ParseError], Finding]:
    return lambda error: error.finding(error.context_at, message, remedy, rule=rule)


_UNCLOSED_QUOTE = _at_context(
    "the quote that starts here is not closed",
    "close it; write a quote inside double quotes as \\\", inside single quotes as ''",
)
_BAD_ESCAPE = _at_problem(
    "this is not a valid escape sequence in double quotes",
    "write \\\\ for a backslash, or put the text in single quotes",
)
_TAG = _at_context(
    "there is a tag (`!…`) here; fbsync does not support tags",
    'remove it, or put text that starts with an exclamation mark in quotes: "!…"',
    rule="tag-not-taken",
)

_EXPLANATIONS: tuple[tuple[str, str, Callable[[ParseError], Finding]], ...] = (
    # Since PyYAML 6.0.4, libyaml has its own limit, and it reads further ahead than the requested events.
    ("nesting depth", "", _at_problem(*NESTED_TOO_DEEP, rule="nesting-too-deep")),
    ("unexpected end of stream", "quoted", _UNCLOSED_QUOTE),
    ("unexpected document", "quoted", _UNCLOSED_QUOTE),
    ("", "quoted", _BAD_ESCAPE),
    ("", "a tag", _TAG),
    ("tag handle", "", _TAG),
    (
        "",
        "a directive",
        _at_context(
            "a line that starts with `%` is a directive, which is not allowed here",
            _QUOTE_IT,
            rule="directive-not-taken",
        ),
    ),
    (
        "",
        "an anchor",
        _at_context(
            "an unquoted `&` starts an anchor; its name may have letters, digits, `-` and `_`",
            'if it is text, put it in quotes: "&…"',
        ),
    ),
    (
        "",
        "an alias",
        _at_context(
            "an unquoted `*` starts an alias; its name may have letters, digits, `-` and `_`",
            'if it is text, put it in quotes: "*…"',
        ),
    ),
    (
        "",
        "a block scalar",
        _at_problem(
            "only a comment may follow `|` or `>` on this line",
            f"start the text on the next line, indented; {_QUOTE_IT}",
        ),
    ),
    (
        "unexpected ':'",
        "a plain scalar",
        _at_problem("inside brackets, this colon needs a space after it", _QUOTE_IT),
    ),
    ("mapping values are not allowed", "", _mapping_not_allowed),
    (
        "sequence entries are not allowed",
        "",
        _at_problem(
            "a list item (`- `) cannot be on the same line as its key",
            f"start each item on its own line below the key; {_QUOTE_IT}",
        ),
    ),
    ("mapping keys are not allowed", "", _at_problem("an unquoted `? ` starts a key", _QUOTE_IT)),
    ("expected ':'", "a simple key", _at_context(*_NO_COLON)),
    ("cannot start any token", "", _at_problem(*_NO_START)),
    ("expected key", "block mapping", _key_expected),
    ("expected '-' indicator", "", _item_expected),
    ("expected ',' or", "flow", _comma_expected),
    ("node content", "", _content_expected),
    ("<document start>", "", _document_expected),
)
"""Patterns for the parser's problem and context. The first row that matches gives the explanation."""


def explain_syntax(error: YAMLError, source: SourceText, *, opened_at: int | None) -> list[Finding]:
    """Return the findings for a parser error: one, or one for each merge conflict marker.

    Args:
        error: what the parser raised. Its message is not shown, because it may repeat values.
        source: the text.
        opened_at: where the innermost unfinished list or mapping starts, or None.
    """
    markers = conflict_markers(source, lone=True)
    if markers:
        return markers
    trouble = ParseError.of(error, source=source, opened_at=opened_at)
    if trouble is None:
        return [control_character(source) or source.finding("yaml-syntax", 0, *_UNKNOWN)]
    if trouble.tab_at is not None:
        return [trouble.finding(trouble.tab_at, *_TAB, rule="tab-indentation")]
    for problem, context, explanation in _EXPLANATIONS:
        if problem in trouble.problem and context in trouble.context:
            return [explanation(trouble)]
    return [trouble.finding(trouble.at, *_UNKNOWN)]
