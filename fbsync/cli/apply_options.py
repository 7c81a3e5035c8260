"""The options of an apply. ``destroy`` is a kind of apply."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    from fbsync.cli.server_options import Asking
    from fbsync.planning.allowed import Allowed


@dataclass(frozen=True, slots=True, kw_only=True)
class ApplyOptions:
    """The options of one run."""

    json: bool
    only: tuple[str, ...]
    yes: bool
    no_refresh: bool
    resend_secrets: bool
    verify_first: bool
    assume_secrets: bool
    prune: bool
    verify: bool
    result: Path | None
    events: Path | None
    asking: Asking
    allowed: Allowed
    max_age: int | None = None
    destroy: bool = False

    @property
    def command(self) -> str:
        """The command's name."""
        return "destroy" if self.destroy else "apply"
