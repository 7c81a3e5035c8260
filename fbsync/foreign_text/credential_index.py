"""Find credentials in a text, in a time that grows only with the text."""

from __future__ import annotations

WINDOW = 12
"""A foreign text repeats a credential if it contains this many consecutive characters of it."""
_GRAM = 6
"""Every window contains one aligned run of this many characters. The index has those runs."""


class CredentialIndex:
    """The credentials of a run, indexed by runs of characters."""

    def __init__(self) -> None:
        self._short: dict[int, set[str]] = {}
        self._grams: dict[str, dict[str, None]] = {}

    def add(self, value: str) -> None:
        """Add a credential.

        Args:
            value: its value, folded.
        """
        if not value:
            return
        if len(value) < WINDOW:
            self._short.setdefault(len(value), set()).add(value)
        else:
            for gram in _runs(value, _GRAM, step=_GRAM):
                self._grams.setdefault(gram, {})[value] = None

    def is_in(self, text: str, *, shortest: int = 1) -> bool:
        """Whether a text contains a credential or a window of one.

        Args:
            text: the text, folded.
            shortest: the minimum length of credentials that count.
        """
        for width, values in self._short.items():
            if width >= shortest and not values.isdisjoint(_runs(text, width)):
                return True
        found = self._grams.keys() & _runs(text, _GRAM)
        suspects = {value: None for gram in found for value in self._grams[gram]}
        if not suspects:
            return False
        windows = set(_runs(text, WINDOW))
        return any(not windows.isdisjoint(_runs(value, WINDOW)) for value in suspects)


def _runs(text: str, width: int, *, step: int = 1) -> list[str]:
    return [text[at : at + width] for at in range(0, len(text) - width + 1, step)]
