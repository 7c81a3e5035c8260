"""Load YAML strictly: plain values by YAML 1.2's core schema, their places, and all mistakes."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from yaml import YAMLError

from fbsync.model.findings import Finding, Position, in_file_order
from fbsync.strict_yaml.composer import Composer
from fbsync.strict_yaml.places import Path, Places, Value
from fbsync.strict_yaml.prescan import prescan
from fbsync.strict_yaml.rejections import Stopped
from fbsync.strict_yaml.source_bytes import STANDARD_INPUT, decode, read_bytes, read_standard_input
from fbsync.strict_yaml.source_text import SourceText

try:
    from yaml import CBaseLoader as Parser
except ImportError:
    from yaml import BaseLoader as Parser  # type: ignore[assignment]

if TYPE_CHECKING:
    import pathlib

__all__ = ["Document", "Path", "Value", "parse_document", "read_document"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """A file's value, its findings, and the place of each part. The value must not be changed.

    Attributes:
        file: the path as shown to users.
        value: dictionaries with text as keys, lists, text, numbers, booleans and None, all of exactly
            the built-in types; None where nothing could be built. What aliases repeat is shared.
        findings: all that is wrong with the file as YAML, in file order.
        source: the decoded text, for excerpts.
    """

    file: str
    value: Value = field(repr=False)
    findings: tuple[Finding, ...]
    source: str = field(repr=False)
    _text: SourceText = field(repr=False)
    _places: Places | None = field(repr=False)

    def position_of(self, path: Path) -> Position:
        """Where the value at a path starts, or the nearest existing value above it."""
        return self._position(path, which=1)

    def position_of_key(self, path: Path) -> Position:
        """Where the key of the value at a path starts; the value itself for an item of a list."""
        return self._position(path, which=0)

    def position_in_text(self, path: Path, text: str, at: int) -> Position:
        """Where a part of the text at a path starts; the text itself where it is written with escapes or as an alias.

        Args:
            path: leads to the text.
            text: the text, as it was read.
            at: where in the text the part begins.
        """
        if self._places is None:
            return Position(file=self.file)
        offset = self._places.find(path)[1]
        opening = self._text.text[offset : offset + 1] in ("'", '"')
        is_literal = self._text.text.startswith(text, offset + opening)
        return self._text.position(offset + opening + at if is_literal else offset)

    def _position(self, path: Path, *, which: int) -> Position:
        if self._places is None:
            return Position(file=self.file)
        return self._text.position(self._places.find(path)[which])


def read_document(path: pathlib.Path, *, shown_as: str) -> Document:
    """Load a file; one that cannot be read is a document without a value and with a finding.

    Args:
        path: where it is; ``-`` is standard input.
        shown_as: how positions name it.
    """
    data = read_standard_input() if path == STANDARD_INPUT else read_bytes(path, shown_as=shown_as)
    if isinstance(data, Finding):
        return _document(SourceText(file=shown_as, text=""), findings=[data])
    return parse_document(data, file=shown_as)


def parse_document(data: bytes, *, file: str) -> Document:
    """Load a file's content. Whatever the bytes are, the answer is a document and no exception.

    Args:
        data: the content, in UTF-8.
        file: how positions name it.
    """
    text, wrong_encoding = decode(data, file=file)
    findings = [wrong_encoding] if wrong_encoding else prescan(text)
    return _document(text, findings=findings) if findings else _parse(text)


def _parse(text: SourceText) -> Document:
    composer = Composer(source=text, next_event=Parser(_ended(text.text)).get_event)
    try:
        value, place = composer.compose()
    except Stopped:
        return _document(text, findings=composer.findings)
    except YAMLError as error:
        from fbsync.strict_yaml.explain_syntax import explain_syntax

        explained = explain_syntax(error, text, opened_at=composer.opened_at)
        return _document(text, findings=[*composer.findings, *explained])
    return _document(text, findings=composer.findings, value=value, places=Places(value, place))


def _ended(text: str) -> str:
    """The text with an end to its last line, without which libyaml would read a block scalar otherwise."""
    return text if text.endswith(("\n", "\r")) else text + "\n"


def _document(
    text: SourceText, *, findings: list[Finding], value: Value = None, places: Places | None = None
) -> Document:
    return Document(
        file=text.file,
        value=value,
        findings=in_file_order(findings),
        source=text.text,
        _text=text,
        _places=places,
    )
