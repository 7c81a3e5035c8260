"""What fbsync does not take although it may be YAML: what is said of it, and what to write instead."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple, NoReturn

if TYPE_CHECKING:
    from fbsync.findings import Finding
    from fbsync.manifest.source_text import SourceText

DEEPEST = 64
"""Levels of nesting: far above any manifest's five, far below what the interpreter's stack bears."""

MOST_NODES = 1_000_000
"""Items and pairs in one file, with those that aliases repeat: twelve manifests of 10,000 entries."""

MOST_ALIASED_NODES = 100_000
"""Items and pairs that all aliases of a file may repeat together: an alias bomb needs millions."""

MOST_FINDINGS = 1_000
"""More than anyone mends in one go; a file of nothing but mistakes must not fill the memory."""

_SPEAKABLE_KEY = re.compile(r"[A-Za-z_][A-Za-z_ -]{0,39}")


class _Words(NamedTuple):
    message: str
    remedy: str


_REFUSALS = {
    "anchor-name": _Words(
        "The names of anchors (`&…`) and aliases (`*…`) consist of letters, digits, `-` and `_` here.",
        'Choose such a name. Text that starts with `&` or `*` must be in quotes: "&…".',
    ),
    "duplicate-key": _Words(
        "{subject} is given twice in this mapping.",
        "Keep the one that is meant and remove the other.",
    ),
    "empty-file": _Words(
        "The file is empty, or holds nothing but comments.",
        "A minimal manifest is `version: 1` and, on the next line, `llms: []`.",
    ),
    "key-not-a-string": _Words(
        "{subject} stands where a key is expected, and keys are text.",
        'Write it as a word, or in quotes. Text that starts with a bracket must be in quotes: "{…".',
    ),
    "merge-key": _Words(
        "`<<` merges mappings in YAML 1.1 only; by YAML 1.2, which holds here, it is a key like any other.",
        "Write out the pairs that are meant.",
    ),
    "nesting-too-deep": _Words(
        f"Lists and mappings are nested more than {DEEPEST} levels deep.",
        "A manifest needs five levels; look for brackets that were not closed.",
    ),
    "number-too-long": _Words(
        "This number is longer than any that is taken.",
        'If it is meant as text, put it into quotes: "…".',
    ),
    "quote-not-indented": _Words(
        "The text in quotes that starts here goes on in lines that are not indented deeper than its key.",
        "Close the quote on its own line, or indent the lines that belong to the text.",
    ),
    "recursive-alias": _Words(
        "This alias (`*…`) repeats the very value that it is a part of.",
        "Write out what is meant.",
    ),
    "several-documents": _Words(
        "A second document starts here, and a manifest is a single one.",
        "Put it into a file of its own: -f can be given more than once.",
    ),
    "tag-not-taken": _Words(
        "A tag (`!…`) stands here, and fbsync takes none.",
        'Remove it. Text that starts with an exclamation mark must be in quotes: "!…".',
    ),
    "too-many-aliases": _Words(
        f"The aliases (`*…`) of this file repeat more than {MOST_ALIASED_NODES:,} values.",
        "Write out what is meant, without aliases of aliases.",
    ),
    "too-many-findings": _Words(
        f"There are more than {MOST_FINDINGS:,} findings, so the file is not read any further.",
        "Mend those above first, and check that this is the right file.",
    ),
    "too-many-nodes": _Words(
        f"The file holds more than {MOST_NODES:,} values.",
        "Split it into several files: -f can be given more than once.",
    ),
    "unquoted-question-mark": _Words(
        "Inside of brackets, a word starts with a question mark here.",
        'Put it into quotes: "?…".',
    ),
    "unknown-alias": _Words(
        "An alias (`*…`) stands here, but no anchor (`&…`) of that name stands before it.",
        'Text that starts with an asterisk must be in quotes: "*…".',
    ),
}


_KINDS = {
    dict: "A mapping",
    list: "A list",
    bool: "A boolean",
    int: "A number",
    float: "A number",
    type(None): "Nothing (null)",
}


class Stopped(Exception):  # noqa: N818 - reads as what it is at the raise
    """The rest of the input is not read; why is the last of the findings."""


class Refusals:
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
        message, remedy = _REFUSALS[rule]
        message = message.format(subject=subject)
        self.findings.append(self._source.finding(rule, at, message, remedy, related=related))

    def stop(self, rule: str, at: int) -> NoReturn:
        """Records why nothing behind an offset is read.

        Raises:
            Stopped: always.
        """
        self.findings.append(self._source.finding(rule, at, *_REFUSALS[rule]))
        raise Stopped


def spoken(key: str) -> str:
    """A key as the subject of a message, unless it could be a credential, not looking like a word."""
    return f"The key `{key}`" if _SPEAKABLE_KEY.fullmatch(key) else "A key"


def kind_of(value: object) -> str:
    """What a value is, as the subject of a message."""
    return _KINDS[type(value)]
