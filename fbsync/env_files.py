"""Read .env files: the assignments, parsed by python-dotenv, and the mistakes in the lines."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from fbsync.model.configurations import VARIABLE_NAME
from fbsync.model.findings import Finding, Position
from fbsync.redact import is_wordlike
from fbsync.strict_yaml.source_bytes import read_bytes

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from pathlib import Path

    from dotenv.parser import Binding

_LARGEST_ENV_FILE = 1024 * 1024
_MOST_LINES = 10_000
_BASE64_LINE = r"[A-Za-z0-9+/]{60,}"
"""A full line of base64: tools wrap at 64 or 76 columns."""

_CUT = (
    "env-file-cut-value",
    "this line continues the value of the line before, which was cut off at the line break",
    "write the value on one line (`base64 -w0`), or put all of it in quotes",
)
_NO_ASSIGNMENT = (
    "env-file-syntax",
    "this line is not a NAME=value assignment",
    "write NAME=value; put a value with spaces or '#' in quotes",
)
_NO_NAME = (
    "env-file-name",
    "the text before this equals sign is not a valid variable name: letters, digits and underscores, no digit first",
    "rename the variable, or put a value that continues on this line in quotes",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class EnvFile:
    """A .env file that was read.

    Attributes:
        path: the path as messages show it.
        values: the assigned values, by variable.
        lines: the line of each assignment, by variable.
        is_automatic: whether fbsync found the file next to the manifest, rather than through ``--env-file``.
    """

    path: str
    values: Mapping[str, str] = field(repr=False)
    lines: Mapping[str, int] = field(default_factory=dict, repr=False)
    is_automatic: bool = False


def read_env_file(path: Path, *, is_automatic: bool) -> tuple[EnvFile, list[Finding]]:
    """Read a .env file with python-dotenv's own parser. Values stay exactly as written, without interpolation.

    Args:
        path: the file.
        is_automatic: whether fbsync found the file by itself.

    Returns:
        The file, without values if it cannot be read, and the mistakes in it.
    """
    shown = str(path).encode("utf-8", "backslashreplace").decode()
    text = _text_of(path, shown)
    if isinstance(text, Finding):
        return EnvFile(path=shown, values={}, is_automatic=is_automatic), [text]
    import io

    from dotenv.parser import parse_stream

    bindings = [binding for binding in parse_stream(io.StringIO(text)) if binding.error or binding.key is not None]
    assigned = [(b.key, b.value, b.original.line) for b in bindings if b.key is not None and b.value is not None]
    file = EnvFile(
        path=shown,
        values={key: value for key, value, _ in assigned},
        lines={key: line for key, _, line in assigned},
        is_automatic=is_automatic,
    )
    return file, list(_wrong_lines(bindings, shown))


def _text_of(path: Path, shown: str) -> str | Finding:
    """The text of a .env file, or the finding that says why it cannot be read."""
    data = read_bytes(path, shown_as=shown, largest=_LARGEST_ENV_FILE)
    if isinstance(data, Finding):
        why = data.message
    elif data.count(b"\n") > _MOST_LINES:
        why = f"it has more than {_MOST_LINES:,} lines"
    else:
        try:
            return data.decode("utf-8-sig")
        except UnicodeDecodeError:
            why = "it is not UTF-8"
    return Finding(
        rule="env-file-unreadable",
        position=Position(file=shown),
        message=f"the .env file cannot be read: {why}",
        remedy="name a readable UTF-8 file with NAME=value lines",
    )


def _wrong_lines(bindings: Iterable[Binding], file: str) -> Iterator[Finding]:
    """Yield the findings about a file's lines. A value that was cut off has one finding, not one for each line."""
    cut, before = False, ""
    for binding in bindings:
        line = _base64_of(binding)
        was_cut, cut = cut, line is not None and re.fullmatch(_BASE64_LINE, before) is not None
        before = line if cut and line is not None else binding.value or ""
        words = _CUT if cut else _wrong_words(binding)
        if words is not None and not (cut and was_cut):
            rule, message, remedy = words
            yield Finding(
                rule=rule, position=Position(file=file, line=binding.original.line), message=message, remedy=remedy
            )


def _wrong_words(binding: Binding) -> tuple[str, str, str] | None:
    if binding.error or binding.key is None or binding.value is None:
        return _NO_ASSIGNMENT
    return None if re.fullmatch(VARIABLE_NAME, binding.key) else _NO_NAME


def _base64_of(binding: Binding) -> str | None:
    """The base64 of a line that may continue a value (no words, at most padding at the end), or None."""
    text = binding.key if binding.key is not None else binding.original.string.strip()
    is_base64 = re.fullmatch(r"[A-Za-z0-9+/]+", text) is not None and binding.value in (None, "", "=")
    return text if is_base64 and not is_wordlike(text) else None
