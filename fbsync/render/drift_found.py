"""The drift of one environment, with where it was found."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from fbsync.render.paint import visible
from fbsync.settings import DEFAULT_API_URL

if TYPE_CHECKING:
    from collections.abc import Mapping

    from fbsync.model.configurations import Identity
    from fbsync.planning.drift import Drift


@dataclass(frozen=True, slots=True, kw_only=True)
class DriftFound:
    """What differs in one environment.

    Attributes:
        environment: its name, or None for the manifest's own list.
        api_url: the server that was asked.
        compared: the sentence that says what was compared with what.
        declared: what the manifest declares.
        by_hand: how to keep a change that ``drift --accept`` cannot take over, by the entry.
    """

    environment: str | None
    api_url: str
    compared: str
    declared: frozenset[Identity]
    drift: Drift
    by_hand: Mapping[Identity, str] = field(default_factory=dict)

    @property
    def other_server(self) -> str | None:
        """The server, where it is not the default one; safe to show."""
        return None if self.api_url == DEFAULT_API_URL else visible(self.api_url)
