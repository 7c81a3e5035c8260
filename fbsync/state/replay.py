"""Read strictly what an unfinished run left in its journal, and apply it to the lockfile."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from fbsync.model.errors import InvalidInput
from fbsync.model.temporary import TEMPORARY_NAME
from fbsync.schema.validate import Kind
from fbsync.state.documents import Sort, check_version, decoded, parse_json, read_regular_file, shape_findings
from fbsync.state.index import Records
from fbsync.state.intents import TRY, Intent, doubted, intent_from
from fbsync.state.journal_text import VERSION, boot_id
from fbsync.state.lockfile import Lockfile, llm_from, parameters_from
from fbsync.state.replayed import Replayed

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from fbsync.model.findings import Finding

_ASIDE = "move it away and run `fbsync apply --adopt`, which uses the server's list instead"


def _version(value: dict[str, Any]) -> tuple[int, ...] | None:
    version = value.get("journal")
    return (version,) if isinstance(version, int) and not isinstance(version, bool) else None


_SORT = Sort(
    name="journal",
    kind=Kind.JOURNAL,
    version=(VERSION,),
    version_of=_version,
    restore=_ASIDE,
    conflict=_ASIDE,
    older=_ASIDE,
)


def read_journal(path: Path, lockfile: Lockfile | None) -> Replayed | None:
    """Read what an unfinished run left in a journal file.

    Args:
        path: the journal.
        lockfile: the lockfile's content, or None if there is no lockfile.

    Returns:
        The known state with the journal's records applied, or None if there is no journal.

    Raises:
        InvalidInput: fbsync did not write it, or it belongs to another lockfile. Findings have the positions.
        FbsyncError: it is not a regular file, or the operating system refuses to read it.
    """
    data = read_regular_file(path, _SORT.name)
    return None if data is None else replay(data, lockfile, shown_as=path, boot=boot_id())


def replay(data: bytes, lockfile: Lockfile | None, *, shown_as: Path | str, boot: str | None) -> Replayed | None:
    """Read a journal, wherever it is kept.

    If a crash cut off the last line, that line is ignored. Its write had not been confirmed, so the request had
    not been sent, or its outcome counts as unknown.

    Args:
        data: the journal's lines.
        lockfile: the lockfile's content, or None if there is no lockfile.
        shown_as: the name of its place in messages.
        boot: this machine's boot id, or None. If the journal has the same one, an intent without a mark certainly was
            not sent. Otherwise, the mark may have been lost.

    Returns:
        The known state with the journal's records applied, or None if there is not even a header.

    Raises:
        InvalidInput: fbsync did not write it, or it belongs to another lockfile. Findings have the positions.
    """
    lines = data.split(b"\n")[:-1]
    if not lines:
        return None
    records = [_record(line, shown_as, at) for at, line in enumerate(lines, 1)]
    header = records[0]
    base = _base(header, shown_as, lockfile)
    is_marked = boot is not None and header.get("boot") == boot
    return _replay(base, records[1:], is_marked=is_marked)


def _record(line: bytes, shown_as: Path | str, at: int) -> dict[str, Any]:
    text = decoded(line, shown_as, _SORT)
    value = parse_json(text, shown_as, _SORT, line=at)
    if at == 1:
        check_version(value, shown_as, _SORT)
    if findings := _line_findings(text, value, shown_as, at):
        raise InvalidInput(findings)
    record: dict[str, Any] = value
    return record


_INNER = {"header": ("fingerprints", "fingerprints"), "outcome": ("entry", "llm")}
"""The part of a line that has the lockfile's format: its key, and its definition in the lockfile's schema."""


def _line_findings(text: str, value: Any, shown_as: Path | str, at: int) -> list[Finding]:  # noqa: ANN401 - JSON
    """Return the findings of one line."""
    part = _definition_of(value, at)
    if findings := shape_findings(text, value, shown_as, _SORT, part=part, line=at):
        return findings
    key, definition = _INNER.get(part, ("", ""))
    if key in value:
        return shape_findings(
            text, value[key], shown_as, _SORT, part=definition, kind=Kind.LOCKFILE, within=(key,), line=at
        )
    if (wrong := _contradiction(value)) is not None:
        changed = f"the journal was changed by hand or by a tool: {wrong}"
        return [_SORT.finding(shown_as, "journal-intent", changed, line=at)]
    return []


def _contradiction(record: dict[str, Any]) -> str | None:
    """Say what is wrong with an intent that fits the schema but that fbsync never writes, or return None."""
    action = record.get("intent")
    if action in ("create", TRY) and "secret" not in record["credentials"] and "apiKey" not in record:
        return "this creation has neither a secret nor a stored key"
    if action == TRY and re.fullmatch(TEMPORARY_NAME, record["name"]) is None:
        return "no temporary configuration has this name"
    return None


def _definition_of(value: object, at: int) -> str:
    """Return the definition in the schema that a line must fit."""
    if at == 1:
        return "header"
    if isinstance(value, dict):
        for part in ("intent", "sending", "made"):
            if part in value:
                return part
    return "outcome"


def _base(header: dict[str, Any], shown_as: Path | str, lockfile: Lockfile | None) -> Lockfile:
    """Return the lockfile that the journal starts from: the existing one, or a new one from the journal's header."""
    parameters = parameters_from(header["fingerprints"])
    begun = Lockfile(api_url=header["apiUrl"], environment=header["environment"], fingerprints=parameters)
    if lockfile is None:
        return begun
    same = (lockfile.api_url, lockfile.environment, lockfile.fingerprints)
    if same != (begun.api_url, begun.environment, begun.fingerprints):
        wrong = "the journal does not belong to the lockfile next to it"
        raise InvalidInput([_SORT.finding(shown_as, "journal-other-lockfile", wrong, line=1)])
    return lockfile


def _replay(lockfile: Lockfile, records: Iterable[dict[str, Any]], *, is_marked: bool) -> Replayed:
    llms = Records(lockfile.llms)
    intents: dict[int, Intent] = {}
    sent: set[int] = set()
    for record in records:
        number = record["n"]
        if "intent" in record:
            intents[number] = intent_from(record)
            if record.get("sent") or not is_marked:
                sent.add(number)
        elif "sending" in record:
            sent.add(number)
        elif "made" in record:
            _made(intents, record)
        else:
            intents.pop(number, None)
            _carried_out(record, llms)
    left = tuple(intent for number, intent in intents.items() if number in sent)
    for intent in left:
        if intent.action != TRY and intent.llm_id is not None and intent.llm_id in llms:
            llms.replace(doubted(llms[intent.llm_id], intent))
    return Replayed(lockfile=lockfile.with_llms(llms), open=left)


def _made(intents: dict[int, Intent], record: dict[str, Any]) -> None:
    """Note the id of a temporary configuration."""
    intent = intents.get(record["n"])
    if intent is not None and intent.action == TRY:
        intents[record["n"]] = replace(intent, llm_id=record["made"])


def _carried_out(outcome: dict[str, Any], llms: Records) -> None:
    """Apply an outcome to the records."""
    for llm_id in outcome.get("gone", ()):
        llms.drop(llm_id)
    if "entry" in outcome:
        llms.put(llm_from(outcome["entry"]))
