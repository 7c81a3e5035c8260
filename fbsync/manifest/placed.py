"""The values of a manifest with their places."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias

from fbsync.manifest.workspace_key import BY_ID, key_in

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from fbsync.model.findings import Position
    from fbsync.strict_yaml.loader import Document, Path


Refused: TypeAlias = frozenset[tuple[str, "Path"]]
"""The parts of the files that violate the schema, by file and path."""
GivenWorkspace: TypeAlias = tuple[str, str | None]
"""The key that names a workspace, and its value if that is valid text."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Placed:
    """A value and its place.

    Attributes:
        value: the value in the file.
        document: the file.
        path: the keys and indices that lead to the value.
        refused: the parts of the files that violate the schema, which are not checked further.
    """

    value: Any
    document: Document
    path: Path
    refused: Refused = frozenset()

    @property
    def position(self) -> Position:
        """The value's place."""
        return self.document.position_of(self.path)

    @property
    def text(self) -> str | None:
        """The value if it is a string that fits the schema, else None. Other values have their own findings."""
        return self.value if isinstance(self.value, str) and self.fits() else None

    def fits(self, *steps: str | int) -> bool:
        """Whether this value fits the schema, or with ``steps`` the value at that path inside it."""
        return not self.refused or (self.document.file, (*self.path, *steps)) not in self.refused

    def inside(self, *steps: str | int, value: Any) -> Placed:  # noqa: ANN401 - YAML
        """Return a value inside this one.

        Args:
            steps: the keys and indices from this value to the other one.
            value: the other value.
        """
        return Placed(value=value, document=self.document, path=(*self.path, *steps), refused=self.refused)


class PlacedFields(Mapping[str, Placed]):
    """Fields by name. A field's place is made only on demand, since most fields are only read as text.

    Args:
        holders: the mapping that contains each field, by the field's name.
    """

    __slots__ = ("_holders",)

    def __init__(self, holders: dict[str, Placed]) -> None:
        self._holders = holders

    def __contains__(self, field: object) -> bool:
        return field in self._holders

    def __iter__(self) -> Iterator[str]:
        return iter(self._holders)

    def __len__(self) -> int:
        return len(self._holders)

    def __getitem__(self, field: str) -> Placed:
        holder = self._holders[field]
        key = _key(field, holder)
        return holder.inside(key, value=holder.value[key])

    def text(self, field: str) -> str | None:
        """Return a field's string if it fits the schema, else None."""
        if field == BY_ID:
            return self.workspace()[1]
        holder = self._holders.get(field)
        if holder is None:
            return None
        value = holder.value[field]
        return value if isinstance(value, str) and (not holder.refused or holder.fits(field)) else None

    def workspace(self) -> GivenWorkspace:
        """Return the key and the value of the workspace, which is given by id or by name."""
        holder = self._holders.get(BY_ID)
        if holder is None:
            return BY_ID, None
        key = _key(BY_ID, holder)
        value = holder.value[key]
        return key, value if isinstance(value, str) and holder.fits(key) else None

    def over(self, others: PlacedFields) -> PlacedFields:
        """Return these fields, and the other ones that these lack."""
        return PlacedFields(others._holders | self._holders)

    def without(self, fields: Iterable[str]) -> PlacedFields:
        """Return these fields except the given ones."""
        left_out = set(fields)
        return PlacedFields({field: holder for field, holder in self._holders.items() if field not in left_out})


def _key(field: str, holder: Placed) -> str:
    """The key of a field in its mapping. It is the field's name, except for a workspace that is given by name."""
    return field if field != BY_ID else key_in(holder.value) or field
