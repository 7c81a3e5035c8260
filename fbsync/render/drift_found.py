"""The drift of one environment, and the server that has it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from fbsync.render.paint import visible
from fbsync.settings import DEFAULT_API_URL

if TYPE_CHECKING:
    from collections.abc import Container, Mapping

    from fbsync.model.ages import CredentialAge
    from fbsync.model.configurations import Identity
    from fbsync.model.plan import Notice
    from fbsync.planning.drift import Drift

_NOT_COMPARED = "Credentials are not compared: the server never shows them."
_WORTH_SAYING = 30
"""The age in days from which the oldest credential is mentioned, whatever the maximum age."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DriftFound:
    """The differences in one environment.

    Attributes:
        environment: its name, or None for no environment.
        api_url: the server that was asked.
        compared: the sentence that says what was compared.
        declared: the declared entries: the name in the manifest, by the identity in the known state.
        drift: the differences.
        by_hand: how to keep a change that ``drift --accept`` cannot take over, by the entry's identity.
        taken_over: the entries for which the manifest now has the server's values.
        ages: the ages of the known credentials, each with its entry's identity.
        warnings: the warnings about credentials that are too old.
        has_stored_keys: whether an entry uses a stored key. Stored keys are compared, unlike credentials.
    """

    environment: str | None
    api_url: str
    compared: str
    declared: Mapping[Identity, str]
    drift: Drift
    by_hand: Mapping[Identity, str] = field(default_factory=dict)
    taken_over: Container[Identity] = ()
    ages: tuple[tuple[Identity, CredentialAge], ...] = ()
    warnings: tuple[Notice, ...] = ()
    has_stored_keys: bool = False

    @property
    def other_server(self) -> str | None:
        """The server if it is not the default one, or None. Safe to show."""
        return None if self.api_url == DEFAULT_API_URL else visible(self.api_url)

    @property
    def not_compared(self) -> str:
        """The sentence that says what cannot be compared."""
        return f"{_NOT_COMPARED} Stored keys are compared, by their ids." if self.has_stored_keys else _NOT_COMPARED

    @property
    def remarks(self) -> tuple[str, ...]:
        """Remarks on the comparison as a whole. Safe to show."""
        return tuple(filter(None, (visible(self.compared), self.not_compared, self._oldest)))

    @property
    def _oldest(self) -> str:
        """The sentence about the oldest credential. Empty unless that is old enough to mention."""
        identity, age = max(self.ages, key=lambda one: one[1].days, default=(None, None))
        if identity is None or age is None or age.days < _WORTH_SAYING:
            return ""
        return f"The oldest credential: {visible(f'{identity.name}, {age.shown}')}."
