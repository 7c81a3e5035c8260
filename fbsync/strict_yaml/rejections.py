"""What fbsync does not take although it may be YAML: what is said of it, and what to write instead."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, NoReturn

from fbsync.model.findings import MOST_FINDINGS
from fbsync.redact import is_wordlike

if TYPE_CHECKING:
    from fbsync.model.findings import Finding
    from fbsync.strict_yaml.source_text import SourceText

DEEPEST = 64
"""Levels of nesting: far above any manifest's five, far below what the interpreter's stack bears."""

MOST_NODES = 1_000_000
"""Items and pairs in one file, with those that aliases repeat: twelve manifests of 10,000 entries."""

MOST_ALIASED_NODES = 100_000
"""Items and pairs that all aliases of a file may repeat together: an alias bomb needs millions."""


class _Words(NamedTuple):
    message: str
    remedy: str


NESTED_TOO_DEEP = _Words(
    f"lists and mappings are nested more than {DEEPEST} levels deep",
    "a manifest needs five levels; look for brackets that were not closed",
)

_REJECTIONS = {
    "anchor-name": _Words(
        "the names of anchors (`&…`) and aliases (`*…`) consist of letters, digits, `-` and `_` here",
        'choose such a name; text that starts with `&` or `*` must be in quotes: "&…"',
    ),
    "duplicate-key": _Words(
        "{subject} is given twice in this mapping",
        "keep the one that is meant and remove the other",
    ),
    "empty-file": _Words(
        "the file is empty, or holds nothing but comments",
        "a minimal manifest is `version: 1` and, on the next line, `llms: []`",
    ),
    "key-not-a-string": _Words(
        "{subject} stands where a key is expected, and keys are text",
        'write it as a word, or in quotes; text that starts with a bracket must be in quotes: "{…"',
    ),
    "merge-key": _Words(
        "`<<` merges mappings in YAML 1.1 only; by YAML 1.2, which holds here, it is a key like any other",
        "write out the pairs that are meant",
    ),
    "nesting-too-deep": NESTED_TOO_DEEP,
    "number-too-long": _Words(
        "this number is longer than any that is taken",
        'if it is meant as text, put it into quotes: "…"',
    ),
    "quote-not-indented": _Words(
        "the text in quotes that starts here goes on in lines that are not indented deeper than its key",
        "close the quote on its own line, or indent the lines that belong to the text",
    ),
    "recursive-alias": _Words(
        "this alias (`*…`) repeats the very value that it is a part of",
        "write out what is meant",
    ),
    "several-documents": _Words(
        "a second document starts here, and a manifest is a single one",
        "put it into a file of its own: -f can be given more than once",
    ),
    "tag-not-taken": _Words(
        "a tag (`!…`) stands here, and fbsync takes none",
        'remove it; text that starts with an exclamation mark must be in quotes: "!…"',
    ),
    "too-many-aliases": _Words(
        f"the aliases (`*…`) of this file repeat more than {MOST_ALIASED_NODES:,} values",
        "write out what is meant, without aliases of aliases",
    ),
    "too-many-findings": _Words(
        f"there are more than {MOST_FINDINGS} findings, so the file is not read any further",
        "correct the findings above first, and check that this is the right file",
    ),
    "too-many-nodes": _Words(
        f"the file holds more than {MOST_NODES:,} values",
        "split it into several files: -f can be given more than once",
    ),
    "unquoted-question-mark": _Words(
        "inside of brackets, a word starts with a question mark here",
        'put it into quotes: "?…"',
    ),
    "unknown-alias": _Words(
        "an alias (`*…`) stands here, but no anchor (`&…`) of that name stands before it",
        'text that starts with an asterisk must be in quotes: "*…"',
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


class Stopped(Exception):  # noqa: N818 - reads as what it is at the raise
    """The rest of the input is not read; why is the last of the findings."""


class Rejections:
    """Gathers the findings of one text.

    Args:
        source: the text.
    """

    __slots__ = ("_source", "findings")

    def __init__(self, source: SourceText) -> None:
        self.findings: list[Finding] = []
        self._source = source

    def add(self, rule: str, at: int, *, subject: str = "", related: tuple[int, ...] = ()) -> None:
        """Records what is wrong at an offset.

        Args:
            rule: what kind of mistake it is.
            at: the offset.
            subject: what the message is about, for rules that leave it open.
            related: other offsets that belong to it.

        Raises:
            Stopped: there are too many.
        """
        if len(self.findings) == MOST_FINDINGS:
            self.stop("too-many-findings", at)
        message, remedy = _REJECTIONS[rule]
        message = message.format(subject=subject)
        self.findings.append(self._source.finding(rule, at, message, remedy, related=related))

    def stop(self, rule: str, at: int) -> NoReturn:
        """Record why nothing after an offset is read.

        Raises:
            Stopped: always.
        """
        self.findings.append(self._source.finding(rule, at, *_REJECTIONS[rule]))
        raise Stopped


def describe_key(key: str) -> str:
    """A key as the subject of a message, unless it could be a credential, not looking like a word."""
    return f"the key `{key}`" if is_wordlike(key) else "a key"


def describe_kind(value: object) -> str:
    """What a value is, as the subject of a message."""
    return _KINDS[type(value)]
