"""Build plain values and their places from YAML events, and report what fbsync does not support."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, TypeAlias

from yaml import (
    AliasEvent,
    MappingEndEvent,
    MappingStartEvent,
    ScalarEvent,
    SequenceEndEvent,
    StreamEndEvent,
)

from fbsync.strict_yaml.core_schema import SUSPECTS, NumberTooLong, resolve
from fbsync.strict_yaml.libyaml_differences import is_cut_name, is_cut_word, is_runaway_quote
from fbsync.strict_yaml.places import Place, Value, offset_of
from fbsync.strict_yaml.rejections import (
    DEEPEST,
    MOST_ALIASED_NODES,
    MOST_NODES,
    Rejections,
    describe_key,
    describe_kind,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from fbsync.model.findings import Finding
    from fbsync.strict_yaml.source_text import SourceText

_BLANK = re.compile(r"(?:(?:\.\.\.(?=\s))?[ \t]*+(?:#[^\r\n]*+)?(?:\r\n?|\n))*+")
"""Lines with only whitespace, comments and document ends."""

_QUOTES = frozenset("'\"")
"""The styles of quoted scalars."""

_Event: TypeAlias = Any
"""An event of PyYAML, whose event classes declare no attributes."""


class Composer:
    """Compose the only document of a stream.

    ``DEEPEST`` limits recursion. It also limits the work of libyaml, which is quadratic in the depth of
    brackets: libyaml parses only a little beyond the last event that was requested.

    Args:
        source: the text that the events come from.
        next_event: returns the next event, or raises ``yaml.YAMLError``.
    """

    def __init__(self, *, source: SourceText, next_event: Callable[[], _Event]) -> None:
        self._rejections = Rejections(source)
        self._text = source.text
        self._has_question_marks = "?" in source.text
        self._next = next_event
        self._anchors: dict[str, tuple[Value, Place, int] | None] = {}
        """By name: the value, its place and its number of nodes, or None while the value is being composed."""
        self._keys: dict[str, str] = {}
        self._block_key_at: int | None = None
        self._opened: list[int] = []
        self._nodes = 0
        self._aliased = 0

    @property
    def findings(self) -> list[Finding]:
        """The findings so far."""
        return self._rejections.findings

    @property
    def opened_at(self) -> int | None:
        """Where the innermost unfinished list or mapping starts, or None."""
        return self._opened[-1] if self._opened else None

    def compose(self) -> tuple[Value, Place]:
        """Return the document's value and its place.

        Raises:
            Stopped: a limit was exceeded.
            yaml.YAMLError: the parser raised it.
        """
        self._next()
        if type(self._next()) is StreamEndEvent:
            self._rejections.add("empty-file", 0)
            return None, 0
        event = self._next()
        value, place = self._node(event)
        if type(event) is ScalarEvent and event.style not in _QUOTES and not event.value.strip():
            self._rejections.add("empty-file", 0)
        self._check_rest(self._next())
        return value, place

    def _check_rest(self, end: _Event) -> None:
        """Check that nothing follows the document.

        libyaml never sees a percent sign here, because it compares each ``%TAG`` with all others. It also never sees
        text after an explicit end (``...``), because it accepts only ``---`` there.
        """
        blank = _BLANK.match(self._text, end.end_mark.index)
        at = blank.end() if blank else end.end_mark.index
        another = self._text[at : at + 1] == "%" or (end.explicit and self._text[at : at + 3] not in ("", "..."))
        if not another:
            event = self._next()
            at = event.start_mark.index
            another = type(event) is not StreamEndEvent
        if another:
            self._rejections.add("several-documents", at)

    def _node(self, event: _Event) -> tuple[Value, Place]:
        if type(event) is AliasEvent:
            return self._repeat(event)
        if event.tag is not None:
            self._rejections.add("tag-not-taken", event.start_mark.index)
        if event.anchor is None:
            return self._content(event)
        self._check_name(event)
        before = self._nodes
        self._anchors[event.anchor] = None
        value, place = self._content(event)
        self._anchors[event.anchor] = (value, place, self._nodes - before + 1)
        return value, place

    def _content(self, event: _Event) -> tuple[Value, Place]:
        at: int = event.start_mark.index
        if type(event) is ScalarEvent:
            return self._scalar(event), at
        self._opened.append(at)
        if len(self._opened) > DEEPEST:
            self._rejections.stop("nesting-too-deep", at)
        made = self._mapping(event) if type(event) is MappingStartEvent else self._sequence(event)
        self._opened.pop()
        return made

    def _scalar(self, event: _Event) -> Value:
        text: str = event.value
        if event.style:
            if event.start_mark.line != event.end_mark.line and event.style in _QUOTES:
                self._check_lines(event.start_mark.index, event.end_mark.index)
            return text
        if text[:1] not in SUSPECTS:
            return text
        try:
            return resolve(text)
        except NumberTooLong:
            self._rejections.add("number-too-long", event.start_mark.index)
            return text

    def _sequence(self, event: _Event) -> tuple[Value, Place]:
        next_event = self._next
        in_brackets = event.flow_style
        items: list[Value] = []
        place: list[Place] = [event.start_mark.index]
        while type(event := next_event()) is not SequenceEndEvent:
            self._nodes += 1
            if self._nodes > MOST_NODES:
                self._rejections.stop("too-many-nodes", event.start_mark.index)
            if not in_brackets:
                self._block_key_at = None
            item, item_place = self._node(event)
            items.append(item)
            place.append(item_place)
        return items, place if items else place[0]

    def _mapping(self, event: _Event) -> tuple[Value, Place]:
        next_event = self._next
        pairs: dict[str, Value] = {}
        place: list[Place] = [event.start_mark.index]
        repeated: list[tuple[str, int]] = []
        in_brackets = event.flow_style
        # Nearly all keys have been seen before. They are valid unless libyaml may have cut off a question mark.
        known = {} if self._has_question_marks else self._keys
        while type(event := next_event()) is not MappingEndEvent:
            key_at: int = event.start_mark.index
            self._nodes += 1
            if self._nodes > MOST_NODES:
                self._rejections.stop("too-many-nodes", key_at)
            if not in_brackets:
                self._block_key_at = key_at
            is_plain = type(event) is ScalarEvent and not event.style and event.tag is None and event.anchor is None
            key = known.get(event.value) if is_plain else None
            if key is None:
                key = self._key(event)
            event = next_event()
            is_simple = type(event) is ScalarEvent and event.tag is None and event.anchor is None
            if is_simple:
                # Nearly all of a manifest is scalars, so they take a shortcut around ``_node``.
                value, value_place = self._scalar(event), event.start_mark.index
            else:
                value, value_place = self._node(event)
            if key is None:
                continue
            if key in pairs:
                repeated.append((key, key_at))
                continue
            pairs[key] = value
            place += (key_at, value_place)
        if repeated:
            self._refuse_repeated(repeated, firsts=dict(zip(pairs, place[1::2], strict=True)))
        return pairs, place if pairs else place[0]

    def _key(self, event: _Event) -> str | None:
        """Return the key that an event starts, or None to leave out its pair. Plain keys are remembered."""
        if self._has_question_marks and is_cut_word(self._text, at=event.start_mark.index):
            self._rejections.add("unquoted-question-mark", event.start_mark.index - 1)
        plain = type(event) is ScalarEvent and not event.style and event.tag is None and event.anchor is None
        value, place = self._node(event)
        if type(event) is ScalarEvent and event.tag is not None:
            return str(event.value)
        if not isinstance(value, str):
            self._rejections.add("key-not-a-string", offset_of(place), subject=describe_kind(value))
            return None
        if plain and value == "<<":
            self._rejections.add("merge-key", offset_of(place))
            return None
        return self._keys.setdefault(value, value) if plain else value

    def _repeat(self, event: _Event) -> tuple[Value, Place]:
        self._check_name(event)
        at: int = event.start_mark.index
        if event.anchor not in self._anchors:
            self._rejections.add("unknown-alias", at)
            return None, at
        anchored = self._anchors[event.anchor]
        if anchored is None:
            self._rejections.add("recursive-alias", at)
            return None, at
        value, place, nodes = anchored
        self._aliased += nodes
        if self._aliased > MOST_ALIASED_NODES:
            self._rejections.stop("too-many-aliases", at)
        self._nodes += nodes
        if self._nodes > MOST_NODES:
            self._rejections.stop("too-many-nodes", at)
        return value, at if isinstance(place, int) else (at, place)

    def _check_lines(self, start: int, end: int) -> None:
        if is_runaway_quote(self._text, start=start, end=end, key_at=self._block_key_at):
            self._rejections.add("quote-not-indented", start)

    def _check_name(self, event: _Event) -> None:
        if is_cut_name(self._text, at=event.start_mark.index, name=event.anchor):
            self._rejections.add("anchor-name", event.start_mark.index)

    def _refuse_repeated(self, repeated: list[tuple[str, int]], *, firsts: dict[str, Place]) -> None:
        for key, at in repeated:
            self._rejections.add("duplicate-key", at, subject=describe_key(key), related=(offset_of(firsts[key]),))
