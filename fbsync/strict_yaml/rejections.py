"""YAML that fbsync does not support: the messages and remedies."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, NoReturn

from fbsync.model.findings import MOST_FINDINGS
from fbsync.redact import is_wordlike

if TYPE_CHECKING:
    from fbsync.model.findings import Finding
    from fbsync.strict_yaml.source_text import SourceText

DEEPEST = 64
"""Levels of nesting: far more than the five of a manifest, and far fewer than the interpreter's stack allows."""

MOST_NODES = 1_000_000
"""Items and pairs in one file, including those that aliases repeat. Enough for twelve manifests of 10,000 entries."""

MOST_ALIASED_NODES = 100_000
"""Items and pairs that all aliases of a file may repeat in total. An alias bomb needs millions."""


class Words(NamedTuple):
    """What is wrong, and how to fix it."""

    message: str
    remedy: str


NESTED_TOO_DEEP = Words(
    f"lists and mappings are nested more than {DEEPEST} levels deep",
    "a manifest needs five levels; check for unclosed brackets",
)

_REJECTIONS = {
    "anchor-name": Words(
        "names of anchors (`&…`) and aliases (`*…`) may only have letters, digits, `-` and `_`",
        'rename it, or put text that starts with `&` or `*` in quotes: "&…"',
    ),
    "duplicate-key": Words(
        "{subject} appears twice in this mapping",
        "keep one and remove the other",
    ),
    "empty-file": Words(
        "the file is empty or has only comments",
        "a minimal manifest is `version: 1` and, on the next line, `llms: []`",
    ),
    "key-not-a-string": Words(
        "{subject} is used as a key, but keys must be text",
        'write it as a word or in quotes; put text that starts with a bracket in quotes: "{…"',
    ),
    "merge-key": Words(
        "the merge key `<<` is YAML 1.1; fbsync reads YAML 1.2, which does not have it",
        "write out the keys and values",
    ),
    "nesting-too-deep": NESTED_TOO_DEEP,
    "number-too-long": Words(
        "this number is too long",
        'if it is text, put it in quotes: "…"',
    ),
    "quote-not-indented": Words(
        "the quoted text that starts here continues on lines that are not indented deeper than its key",
        "close the quote on this line, or indent the lines that continue the text",
    ),
    "recursive-alias": Words(
        "this alias (`*…`) refers to a value that contains it",
        "write the value out",
    ),
    "several-documents": Words(
        "a second document starts here; a manifest has only one",
        "put it in its own file and pass -f once for each",
    ),
    "tag-not-taken": Words(
        "there is a tag (`!…`) here; fbsync does not support tags",
        'remove it, or put text that starts with an exclamation mark in quotes: "!…"',
    ),
    "too-many-aliases": Words(
        f"the aliases (`*…`) of this file repeat more than {MOST_ALIASED_NODES:,} values",
        "write the values out, without aliases of aliases",
    ),
    "too-many-findings": Words(
        f"there are more than {MOST_FINDINGS} findings; the rest of the file was not checked",
        "fix the findings above first, and check that this is the right file",
    ),
    "too-many-nodes": Words(
        f"the file has more than {MOST_NODES:,} values",
        "split it into several files and pass -f once for each",
    ),
    "unquoted-question-mark": Words(
        "inside brackets, a word cannot start with a question mark",
        'put it in quotes: "?…"',
    ),
    "unknown-alias": Words(
        "there is no anchor (`&…`) before this alias (`*…`)",
        'define the anchor first, or put text that starts with an asterisk in quotes: "*…"',
    ),
}


_KINDS = {
    dict: "a mapping",
    list: "a list",
    bool: "a boolean",
    int: "a number",
    float: "a number",
    type(None): "nothing (null)",
}


class Stopped(Exception):  # noqa: N818 - reads well at the raise
    """The rest of the input is not read. The last finding says why."""


class Rejections:
    """Collect the findings of one text.

    Args:
        source: the text.
    """

    __slots__ = ("_source", "findings")

    def __init__(self, source: SourceText) -> None:
        self.findings: list[Finding] = []
        self._source = source

    def add(self, rule: str, at: int, *, subject: str = "", related: tuple[int, ...] = ()) -> None:
        """Add a finding at an offset.

        Args:
            rule: the name of the finding's rule.
            at: the offset.
            subject: what the message is about, for rules whose message leaves it open.
            related: other offsets that belong to it.

        Raises:
            Stopped: there are too many findings.
        """
        if len(self.findings) == MOST_FINDINGS:
            self.stop("too-many-findings", at)
        message, remedy = _REJECTIONS[rule]
        message = message.format(subject=subject)
        self.findings.append(self._source.finding(rule, at, message, remedy, related=related))

    def stop(self, rule: str, at: int) -> NoReturn:
        """Add a finding that says why nothing after an offset is read.

        Raises:
            Stopped: always.
        """
        self.findings.append(self._source.finding(rule, at, *_REJECTIONS[rule]))
        raise Stopped


def describe_key(key: str) -> str:
    """Name a key as the subject of a message. A key that does not look like a word may be a credential: not shown."""
    return f"the key `{key}`" if is_wordlike(key) else "a key"


def describe_kind(value: object) -> str:
    """Name the kind of a value as the subject of a message."""
    return _KINDS[type(value)]
