"""The places of a document's keys and values: offsets, kept apart from the plain values and found by path."""

from __future__ import annotations

from typing import TypeAlias, Union

Value: TypeAlias = Union["dict[str, Value]", "list[Value]", str, int, float, bool, None]
"""The values of a document, always of exactly these types."""

Path: TypeAlias = tuple[str | int, ...]
"""The keys and indices from the root to a value."""

Place: TypeAlias = Union[int, "list[Place]", "tuple[int, Place]"]
"""Offsets into the text, in a structure like that of the value:

- a scalar: where it starts;
- a sequence: where it starts, then the place of each item;
- a mapping: where it starts, then for each pair where the key starts and the place of the value;
- an alias: where it is, and the place of the value that it repeats.
"""


def offset_of(place: Place) -> int:
    """Return where a value starts."""
    while not isinstance(place, int):
        place = place[0]
    return place


class Places:
    """The places of a document, found by path.

    Args:
        value: the document's value, which must not change afterwards.
        place: its place.
    """

    __slots__ = ("_ordinals", "_place", "_value")

    def __init__(self, value: Value, place: Place) -> None:
        self._value = value
        self._place = place
        self._ordinals: dict[int, dict[str, int]] = {}

    def find(self, path: Path) -> tuple[int, int]:
        """Return the offsets of the key and of the value at a path.

        For a value without a key (a list item or the root), both are the value's own offset. If the path
        does not exist, both are the offset of the last value on it that exists.
        """
        value, place = self._value, self._place
        key = place
        for step in path:
            inner = place[1] if isinstance(place, tuple) else place
            at = self._index_of(value, step)
            if at is None or isinstance(inner, int):
                return offset_of(place), offset_of(place)
            value, place = value[step], inner[at]  # type: ignore[index]
            key = inner[at - 1] if isinstance(step, str) else place
        return offset_of(key), offset_of(place)

    def _index_of(self, value: Value, step: str | int) -> int | None:
        """Return the index of an item's or a pair's value in the list of places, or None if the step leads nowhere."""
        if isinstance(value, dict):
            ordinal = self._ordinals_of(value).get(step)  # type: ignore[arg-type]
            return None if ordinal is None else 2 * ordinal + 2
        if isinstance(value, list) and isinstance(step, int) and 0 <= step < len(value):
            return step + 1
        return None

    def _ordinals_of(self, mapping: dict[str, Value]) -> dict[str, int]:
        known = self._ordinals.get(id(mapping))
        if known is None:
            known = self._ordinals[id(mapping)] = {key: ordinal for ordinal, key in enumerate(mapping)}
        return known
