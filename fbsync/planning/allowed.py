"""What the user allows although a guard would refuse it."""

from __future__ import annotations

from dataclasses import dataclass

MAX_DELETES = "5"
"""How many configurations a prune may delete by default."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Allowed:
    """What the user allows although a guard would refuse it.

    Attributes:
        adopt: configurations that are already on the server may be taken over.
        max_deletes: the limit of deletions: a number, or a percentage of the known configurations.
        recreate: all known configurations of a workspace may be created again.
        host_change: an endpoint may go back to another host although the manifest did not change.
    """

    adopt: bool = False
    max_deletes: str = MAX_DELETES
    recreate: bool = False
    host_change: bool = False


def delete_limit(text: str, known: int) -> int:
    """Return how many deletions ``--max-deletes`` allows.

    Raises:
        ValueError: the text is neither a number nor a percentage from 0% to 100%.
    """
    if text.endswith("%"):
        percentage = int(text[:-1])
        if not 0 <= percentage <= 100:  # noqa: PLR2004 - percent
            raise ValueError("a percentage must be between 0% and 100%")
        return known * percentage // 100
    number = int(text)
    if number < 0:
        raise ValueError("a number of deletions cannot be negative")
    return number
