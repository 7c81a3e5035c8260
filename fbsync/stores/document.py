"""The object in a store: lease, lockfile and journal in one JSON document (``schemas/state.schema.json``)."""

from __future__ import annotations

import json
import secrets
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from fbsync.model.errors import InvalidInput
from fbsync.model.findings import Finding, Position
from fbsync.schema.validate import Kind, validate
from fbsync.stores.holder import Holder
from fbsync.strict_json import parse_strict_json

if TYPE_CHECKING:
    from collections.abc import Iterable

VERSION = 1
_RESTORE = "restore an earlier state with `fbsync state push`, or start over with `fbsync apply --adopt`"


@dataclass(frozen=True, slots=True, kw_only=True)
class LeaseClaim:
    """A run's lease, as the document has it. The run that holds it wrote the document.

    Attributes:
        id: a random id, different for each run.
        seconds: how long the lease lasts after each write.
    """

    id: str
    seconds: int


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredState:
    """The state of one environment in a store.

    Attributes:
        serial: the number of writes so far.
        nonce: a random value, new in each write.
        writer: the run that wrote it.
        claim: the lease of the run that is in progress, or None.
        lockfile: the lockfile's text, or None if nothing has been applied yet.
        journal: the journal's lines, each without its line break.
    """

    serial: int
    nonce: str
    writer: Holder
    claim: LeaseClaim | None = None
    lockfile: str | None = None
    journal: tuple[str, ...] = ()

    def succeeded(self, by: Holder, *, claim: LeaseClaim | None) -> StoredState:
        """Return a state with the same content for the next write, which takes, renews or releases the lease."""
        return replace(self, serial=self.serial + 1, nonce=new_nonce(), writer=by, claim=claim)

    def holding(self, *, lockfile: str | None, journal: Iterable[str]) -> StoredState:
        """Return a copy with other content."""
        return replace(self, lockfile=lockfile, journal=tuple(journal))


def new_nonce() -> str:
    """Return a random value of 128 bits, which is therefore unique."""
    return secrets.token_urlsafe(16)


def first_state(by: Holder, *, lockfile: str | None = None, journal: Iterable[str] = ()) -> StoredState:
    """Return the state for the first write to a store."""
    return StoredState(serial=1, nonce=new_nonce(), writer=by, lockfile=lockfile, journal=tuple(journal))


def render_state(state: StoredState) -> bytes:
    """Return the bytes of a state's document."""
    value = {
        "version": VERSION,
        "serial": state.serial,
        "nonce": state.nonce,
        "writer": _writer_of(state.writer),
        "lease": None if state.claim is None else {"id": state.claim.id, "seconds": state.claim.seconds},
        "lockfile": state.lockfile,
        "journal": [],
    }
    text = json.dumps(value, indent=1, ensure_ascii=False)
    if state.journal:
        head, lines = text.removesuffix("[]\n}"), ",\n  ".join(map(_quoted, state.journal))
        text = f"{head}[\n  {lines}\n ]\n}}"
    return f"{text}\n".encode()


@lru_cache(maxsize=65_536)
def _quoted(line: str) -> str:
    """Return a line of the journal as JSON. Cached, because each write of a run repeats all earlier lines."""
    return json.dumps(line, ensure_ascii=False)


def parse_state(data: bytes, name: str) -> StoredState:
    """Parse a document. Anything that is not a valid state is an error, never an empty state.

    Args:
        data: the object's content.
        name: the object's address, for messages.

    Raises:
        InvalidInput: fbsync did not write it, or it has another format version.
    """
    try:
        value = parse_strict_json(data.decode())
    except (ValueError, RecursionError) as error:
        raise _unreadable_state(name, "state-syntax", "the state is not JSON that fbsync wrote") from error
    version = value.get("version") if isinstance(value, dict) else None
    if isinstance(version, int) and version != VERSION:
        raise _unreadable_state(
            name,
            "state-version",
            f"the state has format version {version}, and this fbsync reads only version {VERSION}",
            remedy="use the version of fbsync that wrote it",
        )
    if violations := validate(Kind.STATE, value):
        findings = [
            _state_finding(name, f"state-{item.rule}", f"the state was changed by hand or by a tool: {item.message}")
            for item in violations
        ]
        raise InvalidInput(findings)
    return _state_of(value)


def _state_of(value: dict[str, Any]) -> StoredState:
    lease, writer = value["lease"], value["writer"]
    return StoredState(
        serial=int(value["serial"]),
        nonce=value["nonce"],
        writer=Holder(
            run=writer.get("run"), user=writer.get("user"), host=writer["host"], process=int(writer["process"])
        ),
        claim=None if lease is None else LeaseClaim(id=lease["id"], seconds=int(lease["seconds"])),
        lockfile=value["lockfile"],
        journal=tuple(value["journal"]),
    )


def _writer_of(writer: Holder) -> dict[str, Any]:
    named = {"run": writer.run, "user": writer.user, "host": writer.host, "process": writer.process}
    return {key: value for key, value in named.items() if value is not None}


def _state_finding(name: str, rule: str, message: str, *, remedy: str = _RESTORE) -> Finding:
    return Finding(rule=rule, position=Position(file=name), message=message, remedy=remedy)


def _unreadable_state(name: str, rule: str, message: str, *, remedy: str = _RESTORE) -> InvalidInput:
    return InvalidInput([_state_finding(name, rule, message, remedy=remedy)])
