"""Read and strictly check files that fbsync wrote and people keep: lockfile, journal, saved plan."""

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
"""The size limit of a file, in bytes: about ten times the size for 10,000 entries."""

_CONFLICT_MARKERS = ("<<<<<<<", "=======", ">>>>>>>", "|||||||")


@dataclass(frozen=True, slots=True, kw_only=True)
class Sort:
    """A kind of file that fbsync writes.

    Attributes:
        name: its name in messages.
        kind: its schema. Its name is the first word of the findings' rules.
        version: the format version that fbsync reads: one number, or a major and a minor number.
        version_of: returns the format version of a value, or None if it has none.
        restore: how to get a valid file again.
        conflict: what to do about a merge conflict in it.
        older: what to do about a file with an older version.
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
        """Return a finding about a file of this sort."""
        position = Position(file=str(path), line=line, column=column)
        return Finding(rule=rule, position=position, message=message, remedy=remedy or self.restore)


def read_regular_file(path: Path, name: str) -> bytes | None:
    """Read a regular file. Links, devices, pipes, and files larger than fbsync would write are refused.

    Args:
        path: the file.
        name: its name in messages.

    Returns:
        Its content, or None if the file does not exist.

    Raises:
        FbsyncError: it is not such a file, or the operating system refuses to read it.
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
        Its value, which fits the schema, or None if the file does not exist. A file that cannot be read or
        parsed is an error, never an empty file.

    Raises:
        InvalidInput: fbsync did not write it, or it has another format version. Findings have the positions.
        FbsyncError: it is not a regular file, or the operating system refuses to read it.
    """
    data = read_regular_file(path, sort.name)
    return None if data is None else parse_checked(decoded(data, path, sort), path, sort)


def decoded(data: bytes, path: Path | str, sort: Sort) -> str:
    """Decode a file of a sort.

    Raises:
        InvalidInput: it is not UTF-8.
    """
    try:
        return data.decode()
    except UnicodeDecodeError as error:
        wrong = sort.finding(path, f"{sort.kind}-unreadable", f"the {sort.name} is not UTF-8 text")
        raise InvalidInput([wrong]) from error


def parse_checked(text: str, path: Path | str, sort: Sort) -> dict[str, Any]:
    """Parse and check the text of a file of a sort.

    Raises:
        InvalidInput: fbsync did not write it, or it has another format version. Findings have the positions.
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
    """Parse the JSON of a file of a sort, or of one of its lines.

    Raises:
        InvalidInput: it is not JSON, or a key appears twice.
    """
    try:
        return parse_strict_json(text)
    except (ValueError, RecursionError) as error:
        at, column = (error.lineno, error.colno) if isinstance(error, json.JSONDecodeError) else (0, 0)
        wrong = f"the {sort.name} is not JSON that fbsync wrote; it may be cut off"
        at = at + line - 1 if at else line if line > 1 else 0
        raise InvalidInput([sort.finding(path, f"{sort.kind}-syntax", wrong, line=at, column=column)]) from error


def major_and_minor(value: dict[str, Any]) -> tuple[int, ...] | None:
    """Return the version in a value's ``format_version``, such as 2.0, or None if it has no version."""
    found = _MAJOR_AND_MINOR.fullmatch(str(value.get("format_version")))
    return None if found is None else (int(found[1]), int(found[2] or 0))


_MAJOR_AND_MINOR = re.compile(r"([0-9]{1,9})(?:\.([0-9]{1,9}))?", re.ASCII)


def check_version(value: object, path: Path | str, sort: Sort) -> None:
    """Check that a value has the format version that fbsync reads. A value without a version passes.

    Raises:
        InvalidInput: it has another version.
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
    """Return the number of the first line that is a git conflict marker, counted from 1, or 0 if there is none."""
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
    """Return a finding for each violation of the schema. The YAML loader gives the positions, because JSON is YAML.

    Args:
        text: the text.
        value: the parsed value to check.
        path: the file, for messages.
        sort: the sort of file.
        part: the definition in the schema that the value must fit, or None for the whole schema.
        kind: the schema, or None for the sort's schema.
        within: the path of the value in the text.
        line: the line of the file on which the text starts.
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
