"""Read files that fbsync wrote and people keep (lockfile, journal, saved plan), and check them strictly."""

from __future__ import annotations

import errno
import json
import os
import re
import stat
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from fbsync.model.errors import ExitCode, FbsyncError, InvalidInput
from fbsync.model.findings import Finding, Position
from fbsync.schema.validate import Kind, validate
from fbsync.strict_json import parse_strict_json

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

SIZE_LIMIT = 64 * 1024 * 1024
"""The largest file in bytes: about ten times the size for ten thousand entries."""

_CONFLICT_MARKERS = ("<<<<<<<", "=======", ">>>>>>>", "|||||||")


@dataclass(frozen=True, slots=True, kw_only=True)
class Sort:
    """A kind of file that fbsync writes.

    Attributes:
        name: what messages call it.
        kind: its schema, whose name is the first word of its rules.
        version: the format version that fbsync reads: a number, or a major and a minor one.
        version_of: the format version of a value, or None where it has none.
        restore: how to get a good one again.
        conflict: what to do about a merge conflict in it.
        older: what to do about a file of an older version.
    """

    name: str
    kind: Kind
    version: tuple[int, ...]
    version_of: Callable[[dict[str, Any]], tuple[int, ...] | None]
    restore: str
    conflict: str
    older: str

    def finding(
        self, path: Path | str, rule: str, message: str, *, line: int = 0, column: int = 0, remedy: str | None = None
    ) -> Finding:
        """A finding about a file of this sort."""
        position = Position(file=str(path), line=line, column=column)
        return Finding(rule=rule, position=position, message=message, remedy=remedy or self.restore)


def read_regular_file(path: Path, name: str) -> bytes | None:
    """Read a file, if it is one: no link, no device, no pipe, and of a size that fbsync would write.

    Args:
        path: the file.
        name: what messages call it.

    Returns:
        What it holds, or None where there is no such file.

    Raises:
        FbsyncError: it is something else, or the operating system refuses to read it.
    """
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except FileNotFoundError:
        return None
    except OSError as error:
        reason = "it is a symbolic link" if error.errno == errno.ELOOP else str(error.strerror)
        raise _unreadable(path, name, reason) from error
    try:
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode):
            raise _unreadable(path, name, "it is not a regular file")
        if status.st_size > SIZE_LIMIT:
            raise _unreadable(path, name, f"it has {status.st_size} bytes, more than fbsync ever writes")
        with open(descriptor, "rb", closefd=False) as stream:
            return stream.read(SIZE_LIMIT)
    except OSError as error:
        raise _unreadable(path, name, str(error.strerror)) from error
    finally:
        os.close(descriptor)


def _unreadable(path: Path, name: str, reason: str) -> FbsyncError:
    return FbsyncError(
        f"the {name} {path} cannot be read: {reason}",
        hint="replace it with a readable regular file, or name another file",
        exit_code=ExitCode.INVALID_INPUT,
    )


def read_checked(path: Path, sort: Sort) -> dict[str, Any] | None:
    """Read a file of a sort.

    Returns:
        Its value, which fits the schema, or None where there is no such file. A file that cannot be read or
        understood is never taken for an empty one.

    Raises:
        InvalidInput: it is not what fbsync wrote, or of another version; findings say where.
        FbsyncError: it is not a regular file, or the operating system refuses to read it.
    """
    data = read_regular_file(path, sort.name)
    return None if data is None else parse_checked(decoded(data, path, sort), path, sort)


def decoded(data: bytes, path: Path | str, sort: Sort) -> str:
    """The text of a file of a sort.

    Raises:
        InvalidInput: it is not UTF-8.
    """
    try:
        return data.decode()
    except UnicodeDecodeError as error:
        wrong = sort.finding(path, f"{sort.kind}-unreadable", f"the {sort.name} is not UTF-8 text")
        raise InvalidInput([wrong]) from error


def parse_checked(text: str, path: Path | str, sort: Sort) -> dict[str, Any]:
    """Interpret the text of a file of a sort.

    Raises:
        InvalidInput: it is not what fbsync wrote, or of another version; findings say where.
    """
    if line := conflict_line(text):
        message = f"the {sort.name} has a merge conflict"
        raise InvalidInput([sort.finding(path, "conflict-marker", message, line=line, remedy=sort.conflict)])
    value = parse_json(text, path, sort)
    check_version(value, path, sort)
    if findings := shape_findings(text, value, path, sort):
        raise InvalidInput(findings)
    shaped: dict[str, Any] = value
    return shaped


def parse_json(text: str, path: Path | str, sort: Sort, *, line: int = 1) -> Any:  # noqa: ANN401 - JSON
    """Read the JSON of a file of a sort, or of one of its lines.

    Raises:
        InvalidInput: it is none, or a key appears twice.
    """
    try:
        return parse_strict_json(text)
    except (ValueError, RecursionError) as error:
        at, column = (error.lineno, error.colno) if isinstance(error, json.JSONDecodeError) else (0, 0)
        wrong = f"the {sort.name} is not JSON that fbsync wrote; it may be cut off"
        at = at + line - 1 if at else line if line > 1 else 0
        raise InvalidInput([sort.finding(path, f"{sort.kind}-syntax", wrong, line=at, column=column)]) from error


def major_and_minor(value: dict[str, Any]) -> tuple[int, ...] | None:
    """The version in ``format_version`` of a value, such as 2.0, or None where it has none."""
    found = _MAJOR_AND_MINOR.fullmatch(str(value.get("format_version")))
    return None if found is None else (int(found[1]), int(found[2] or 0))


_MAJOR_AND_MINOR = re.compile(r"([0-9]{1,9})(?:\.([0-9]{1,9}))?", re.ASCII)


def check_version(value: object, path: Path | str, sort: Sort) -> None:
    """Make sure that a value is of the format version that fbsync reads, as far as it says.

    Raises:
        InvalidInput: it is of another one.
    """
    version = sort.version_of(value) if isinstance(value, dict) else None
    if version is None or version == sort.version:
        return
    said = ".".join(map(str, version))
    if version > sort.version:
        message = f"the {sort.name} has format version {said}, which is newer than this fbsync supports"
        remedy = "use the fbsync version that wrote it, or a newer one"
        raise InvalidInput([sort.finding(path, f"{sort.kind}-newer", message, remedy=remedy)])
    message = f"the {sort.name} has format version {said}, which this fbsync no longer supports"
    raise InvalidInput([sort.finding(path, f"{sort.kind}-older", message, remedy=sort.older)])


def conflict_line(text: str) -> int:
    """The first line that is a git conflict marker, counted from 1, or 0."""
    return next((at for at, line in enumerate(text.splitlines(), 1) if line.startswith(_CONFLICT_MARKERS)), 0)


def shape_findings(
    text: str,
    value: object,
    path: Path | str,
    sort: Sort,
    *,
    part: str | None = None,
    kind: Kind | None = None,
    within: tuple[str, ...] = (),
    line: int = 1,
) -> list[Finding]:
    """What does not fit the schema, each at its place: JSON is YAML, whose loader keeps the places.

    Args:
        text: the text.
        value: what it says.
        path: the file, for messages.
        sort: the sort of file.
        part: the definition in the schema that the value has to fit, or None for the schema itself.
        kind: another schema than the sort's.
        within: where in the text the value is.
        line: the line on which the text begins.
    """
    violations = validate(kind or sort.kind, value, part=part)
    if not violations:
        return []
    from fbsync.strict_yaml.loader import parse_document

    document = parse_document(text.encode(), file=str(path))
    found = []
    for violation in violations:
        place = document.position_of_key if violation.at_key else document.position_of
        position = place((*within, *violation.path))
        found.append(
            sort.finding(
                path,
                f"{sort.kind}-{violation.rule}",
                f"the {sort.name} was changed by hand or by a tool: {violation.message}",
                line=position.line + line - 1,
                column=position.column,
                remedy=f"{violation.remedy or 'correct it'}, or: {sort.restore}",
            )
        )
    return found
