"""Files that fbsync wrote and people keep (lockfile, saved plan): read with suspicion, written atomically."""

from __future__ import annotations

import errno
import json
import os
import stat
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fbsync.model.errors import ExitCode, FbsyncError, InvalidInput
from fbsync.model.findings import Finding, Position
from fbsync.schema.validate import Kind, validate

if TYPE_CHECKING:
    from collections.abc import Callable

_CONFLICT_MARKERS = ("<<<<<<<", "=======", ">>>>>>>", "|||||||")


@dataclass(frozen=True, slots=True, kw_only=True)
class Sort:
    """A sort of file that fbsync writes.

    Attributes:
        name: what messages call it, which is also the first word of its rules.
        kind: its schema.
        newer: the format version of a value if this fbsync does not know it yet, else None.
        restore: how to get a good one again.
        conflict: what to do about a merge conflict in it.
    """

    name: str
    kind: Kind
    newer: Callable[[dict[str, Any]], object]
    restore: str
    conflict: str

    def finding(
        self, path: Path, rule: str, message: str, *, line: int = 0, column: int = 0, remedy: str | None = None
    ) -> Finding:
        """A finding about a file of this sort."""
        position = Position(file=str(path), line=line, column=column)
        return Finding(rule=rule, position=position, message=message, remedy=remedy or self.restore)


def read_document(path: Path, sort: Sort) -> dict[str, Any] | None:
    """Reads a file of a sort.

    Returns:
        Its value, which fits the schema, or None where there is no such file. A file that cannot be read or
        understood is never taken for an empty one.

    Raises:
        InvalidInput: it is not what fbsync wrote, or of a newer version; findings tell where.
        FbsyncError: the operating system refuses to read it.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        return None
    except UnicodeDecodeError as error:
        wrong = sort.finding(path, f"{sort.name}-unreadable", f"the {sort.name} is not UTF-8 text")
        raise InvalidInput([wrong]) from error
    except OSError as error:
        raise FbsyncError(
            f"the {sort.name} {path} cannot be read: {error.strerror}",
            hint="make it a readable file, or name another one",
            exit_code=ExitCode.INVALID_INPUT,
        ) from error
    return parse_document(text, path, sort)


def parse_document(text: str, path: Path, sort: Sort) -> dict[str, Any]:
    """Understands the text of a file of a sort.

    Raises:
        InvalidInput: it is not what fbsync wrote, or of a newer version; findings tell where.
    """
    if line := _conflict_line(text):
        message = f"the {sort.name} holds a merge conflict"
        raise InvalidInput([sort.finding(path, "conflict-marker", message, line=line, remedy=sort.conflict)])
    try:
        value = json.loads(text, object_pairs_hook=_distinct)
    except (ValueError, RecursionError) as error:
        line, column = (error.lineno, error.colno) if isinstance(error, json.JSONDecodeError) else (0, 0)
        wrong = f"the {sort.name} is not the JSON that fbsync wrote, perhaps cut short"
        raise InvalidInput([sort.finding(path, f"{sort.name}-syntax", wrong, line=line, column=column)]) from error
    if isinstance(value, dict) and (version := sort.newer(value)) is not None:
        newer = f"the {sort.name} is of format version {version}, which is newer than this fbsync knows"
        remedy = "use the fbsync that wrote it, or a newer one"
        raise InvalidInput([sort.finding(path, f"{sort.name}-newer", newer, remedy=remedy)])
    if findings := _shape_findings(text, value, path, sort):
        raise InvalidInput(findings)
    shaped: dict[str, Any] = value
    return shaped


def _conflict_line(text: str) -> int:
    """The first line that is a git conflict marker, counted from 1, or 0."""
    return next((at for at, line in enumerate(text.splitlines(), 1) if line.startswith(_CONFLICT_MARKERS)), 0)


def _distinct(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Builds a mapping as json does, but refuses a key given twice: which value counts would be a guess."""
    value = dict(pairs)
    if len(value) != len(pairs):
        raise ValueError("a key is given twice")
    return value


def _shape_findings(text: str, value: object, path: Path, sort: Sort) -> list[Finding]:
    """What does not fit the schema, each at its place: JSON is YAML, whose loader keeps the places."""
    violations = validate(sort.kind, value)
    if not violations:
        return []
    from fbsync.strict_yaml.loader import load

    document = load(text.encode(), file=str(path))
    return [
        Finding(
            rule=f"{sort.name}-{violation.rule}",
            position=(document.position_of_key if violation.at_key else document.position_of)(violation.path),
            message=f"the {sort.name} was changed by hand or by a tool: {violation.message}",
            remedy=f"{violation.remedy or 'mend it'}, or: {sort.restore}",
        )
        for violation in violations
    ]


def write_atomically(path: Path, text: str) -> None:
    """Puts a text in a file's place: temporary file in the same folder, fsync, rename, fsync of the folder.

    After a crash there is the old text or the new one, whole. A link stays a link: what it points at is replaced. A
    device or a pipe never is: root could put a file in the place of /dev/null.

    Raises:
        OSError: the operating system refuses, or something is there that is no file; it is as it was.
    """
    import tempfile

    path = path.resolve() if path.is_symlink() else path
    if path.exists() and not (path.is_file() or path.is_dir()):
        raise OSError(errno.EINVAL, "Not a regular file", str(path))
    descriptor, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8", newline="\n") as stream:
            stream.write(text)
            stream.flush()
            os.fchmod(stream.fileno(), _mode(path))
            os.fsync(stream.fileno())
        Path(name).replace(path)
    except BaseException:
        with suppress(OSError):
            Path(name).unlink()
        raise
    sync_folder(path.parent)


def _mode(path: Path) -> int:
    """The permissions that a file has, or gets where there is none yet: it holds no secret."""
    try:
        return stat.S_IMODE(path.stat().st_mode)
    except FileNotFoundError:
        return 0o644


def sync_folder(folder: Path) -> None:
    """Makes a rename or a removal in a folder durable."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
