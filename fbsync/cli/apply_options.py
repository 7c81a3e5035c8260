"""The options of an apply. ``destroy`` is a kind of apply."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from fbsync.planning.allowed import Allowed

if TYPE_CHECKING:
    from pathlib import Path


@dataclass(frozen=True, slots=True, kw_only=True)
class ApplyOptions:
    """The options of one run."""

    json: bool
    only: tuple[str, ...]
    yes: bool
    parallelism: int
    timeout: float
    retry_timeout: float
    no_refresh: bool
    adopt: bool
    recreate: bool
    host_change: bool
    resend_secrets: bool
    verify_first: bool
    assume_secrets: bool
    prune: bool
    max_deletes: str
    verbose: int
    ca_file: Path | None
    verify: bool
    result: Path | None
    events: Path | None
    max_age: int | None = None
    destroy: bool = False

    @property
    def command(self) -> str:
        """The command's name."""
        return "destroy" if self.destroy else "apply"

    @property
    def allowed(self) -> Allowed:
        """What the user allows although a guard would refuse it."""
        return Allowed(
            adopt=self.adopt,
            max_deletes=self.max_deletes,
            recreate=self.recreate,
            host_change=self.host_change,
        )
