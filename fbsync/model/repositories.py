"""The names of repositories that use a configuration."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

_MOST_NAMES = 3


def counted_repositories(names: Sequence[str]) -> str:
    """Name the first repositories, and say how many more there are."""
    rest = len(names) - _MOST_NAMES
    more = f" and {rest} more" if rest > 0 else ""
    noun = "the repository" if len(names) == 1 else "the repositories"
    return f"{noun} {', '.join(names[:_MOST_NAMES])}{more}"
