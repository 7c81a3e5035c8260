"""Load YAML strictly: plain values by the core schema of YAML 1.2, their positions, and all findings."""

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
    """A file's value, its findings, and the position of each part. The value must not be changed.

    Attributes:
        file: the path as shown to users.
        value: dictionaries with strings as keys, lists, strings, numbers, booleans and None, all of exactly
            the built-in types. None if no value could be built. Aliases share the value that they repeat.
        findings: everything that is wrong with the file as YAML, in file order.
        source: the decoded text, for excerpts.
    """

    file: str
    value: Value = field(repr=False)
    findings: tuple[Finding, ...]
    source: str = field(repr=False)
    _text: SourceText = field(repr=False)
    _places: Places | None = field(repr=False)

    def position_of(self, path: Path) -> Position:
        """Return where the value at a path starts. If it does not exist, use the nearest existing value above it."""
        return self._position(path, which=1)

    def position_of_key(self, path: Path) -> Position:
        """Return where the key of the value at a path starts, or where the value starts if it is a list item."""
        return self._position(path, which=0)

    def position_in_text(self, path: Path, text: str, at: int) -> Position:
        """Return where a part of the text at a path starts.

        If the text is written with escapes or as an alias, the position is that of the whole text.

        Args:
            path: the path to the text.
            text: the text as it was read.
            at: where the part starts in the text.
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
    """Load a file. If it cannot be read, the document has a finding and no value.

    Args:
        path: the file, or ``-`` for standard input.
        shown_as: the name that positions show.
    """
    data = read_standard_input() if path == STANDARD_INPUT else read_bytes(path, shown_as=shown_as)
    if isinstance(data, Finding):
        return _document(SourceText(file=shown_as, text=""), findings=[data])
    return parse_document(data, file=shown_as)


def parse_document(data: bytes, *, file: str) -> Document:
    """Load a file's content. The result is always a document, whatever the bytes: nothing is raised.

    Args:
        data: the content, in UTF-8.
        file: the name that positions show.
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
    """Add a line break at the end if there is none. Without it, libyaml would read a block scalar differently."""
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
