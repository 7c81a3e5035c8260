"""Read a JSON file into a record, and report every mistake in it as a finding."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

from pydantic import TypeAdapter, ValidationError

from fbsync.model.errors import InvalidInput
from fbsync.model.findings import Finding, Position

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

Record = TypeVar("Record")

_SENTENCES = {
    "missing": "is required",
    "unexpected_keyword_argument": "is not allowed here",
    "extra_forbidden": "is not allowed here",
    "union_tag_not_found": "needs a type",
}


def read_record(path: Path, record: type[Record], *, rule: str, remedy: str) -> Record:
    """Read a JSON file.

    Args:
        path: the file.
        record: the dataclass of the record.
        rule: the rule of the findings.
        remedy: says where the format is described.

    Returns:
        The record.

    Raises:
        InvalidInput: the file cannot be read, is not JSON, or does not fit the record. Values are not repeated.
    """
    file = str(path)
    try:
        text = path.read_bytes()
    except OSError as error:
        raise refused_file(file, [f"the file cannot be read: {error.strerror}"], rule=rule, remedy=remedy) from None
    try:
        return TypeAdapter(record).validate_json(text)
    except ValidationError as error:
        details: list[Any] = error.errors(include_url=False, include_input=False)
    raise refused_file(file, [_mistake_sentence(detail) for detail in details], rule=rule, remedy=remedy)


def refused_file(file: str, messages: Sequence[str], *, rule: str, remedy: str) -> InvalidInput:
    """Return the error for a file with these mistakes."""
    position = Position(file=file)
    return InvalidInput([Finding(rule=rule, position=position, message=message, remedy=remedy) for message in messages])


def _mistake_sentence(detail: dict[str, Any]) -> str:
    """Describe a mistake, in the form ``rules[2].match.nth: …``."""
    where = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in detail["loc"]).lstrip(".")
    what = _SENTENCES.get(detail["type"]) or detail["msg"].removeprefix("Value error, ")
    return f"{where}: {what}" if where else what
