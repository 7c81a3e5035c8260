"""The age of a credential: the days since fbsync last sent it, and the maximum that a user set."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

from fbsync.model.configurations import Field

if TYPE_CHECKING:
    from collections.abc import Iterator

    from fbsync.model.configurations import LockedLlm

_MOST_DAYS = r"([1-9][0-9]{0,4})d"
"""The pattern of ``schemas/fbsync.schema.json`` ('maxCredentialAge')."""


def days_of(text: str) -> int:
    """Return the number of days in a maximum age such as ``90d``.

    Raises:
        ValueError: the text is not a number of days.
    """
    found = re.fullmatch(_MOST_DAYS, text)
    if found is None:
        raise ValueError("not a number of days such as 90d")
    return int(found[1])


@dataclass(frozen=True, slots=True, kw_only=True)
class CredentialAge:
    """The age of one credential.

    Attributes:
        sent_on: the day on which fbsync last sent the credential (ISO 8601).
        days: the number of days since then.
    """

    field: Field
    sent_on: str
    days: int

    @property
    def shown(self) -> str:
        """Field, day and age in words."""
        return f"{self.field.value} sent on {self.sent_on}, {days_ago(self.days)}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Ages:
    """Today's date and the maximum age.

    Attributes:
        today: the day (ISO 8601, UTC).
        most: the maximum age in days, which overrides the manifests'; None for the manifests' own.
    """

    today: str
    most: int | None = None

    def of(self, locked: LockedLlm) -> Iterator[CredentialAge]:
        """Yield the ages of a known configuration's credentials.

        A credential that fbsync never sent (after an export) has no age. Neither has a stored key, which fbsync does
        not send.
        """
        for field in (Field.KEY, Field.SECRET):
            credential = locked.credential(field)
            if credential is not None and (days := self._days_since(credential.sent_on)) is not None:
                assert credential.sent_on is not None
                yield CredentialAge(field=field, sent_on=credential.sent_on, days=days)

    def _days_since(self, day: str | None) -> int | None:
        try:
            # A clock that runs slow must not make an age negative.
            return None if day is None else max(0, (date.fromisoformat(self.today) - date.fromisoformat(day)).days)
        except ValueError:
            return None


def days_ago(days: int) -> str:
    """Say how long ago a day was."""
    match days:
        case 0:
            return "today"
        case 1:
            return "1 day ago"
        case _:
            return f"{days} days ago"
