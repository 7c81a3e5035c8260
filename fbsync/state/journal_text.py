"""Write the text of a journal: its header, and its records as lines."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from fbsync.state.intents import Intent, intent_record
from fbsync.state.lockfile import Lockfile, parameters_of

VERSION = 2
_encoded = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode
_BOOT_ID = Path("/proc/sys/kernel/random/boot_id")


def boot_id() -> str | None:
    """Return an id of the machine's last boot, or None if the system has none.

    A mark that was written without waiting for the disk is safe until the machine boots again.
    """
    try:
        return _BOOT_ID.read_text(encoding="ascii").strip() or None
    except (OSError, ValueError):
        return None


def journal_header(lockfile: Lockfile, *, boot: str | None) -> dict[str, Any]:
    """Return a journal's first record.

    Args:
        lockfile: the known state that the journal starts from.
        boot: the machine's boot id, or None if marks are not reliable.
    """
    header = {
        "journal": VERSION,
        "apiUrl": lockfile.api_url,
        "environment": lockfile.environment,
        "fingerprints": parameters_of(lockfile.fingerprints),
    }
    return header if boot is None else header | {"boot": boot}


def journal_text(header: dict[str, Any], intents: dict[int, Intent]) -> str:
    """Return the text of a new journal: its header, and the intents that earlier runs left open."""
    records = [header, *(intent_record(intent, number, sent=True) for number, intent in intents.items())]
    return b"".join(map(journal_line, records)).decode()


def journal_line(record: dict[str, Any]) -> bytes:
    """Return a record as a line."""
    return _encoded(record).encode() + b"\n"
