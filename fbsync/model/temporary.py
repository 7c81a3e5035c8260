"""Temporary configurations: the provider verifies new values on them before they replace those in use."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from fbsync.model.configurations import Identity
    from fbsync.model.errors import FbsyncError

TEMPORARY_NAME = r"fbsync-temporary-[0-9a-f]{16}"
"""Their names as a regular expression: letters, digits and dashes, which every naming rule allows.

The name alone proves nothing. A configuration counts as temporary only if the journal records its creation.
"""


def new_temporary_name() -> str:
    """Return a unique name with 64 random bits."""
    from secrets import token_hex

    return f"fbsync-temporary-{token_hex(8)}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Leftover:
    """A temporary configuration that an earlier run left.

    Attributes:
        identity: its workspace and its name.
        ids: the ids to delete: the recorded id, and the ids that the server lists under its name.
        is_listed: whether the server lists all of them under its name.
    """

    identity: Identity
    ids: tuple[str, ...]
    is_listed: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Removal:
    """The result of removing a leftover.

    Attributes:
        error: why it may still be on the server, or None. The next apply removes it.
    """

    leftover: Leftover
    error: FbsyncError | None = None
