"""The manifest of a schedule: what is declared, and the random edits that users make to it."""

from __future__ import annotations

import json
from dataclasses import dataclass
from itertools import count
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import random
    from collections.abc import Iterable

_TYPES = ("OPENAI", "GOOGLE", "ANTHROPIC", "AWS", "OTHER")
_NAMES = tuple(f"N{number}" for number in range(8))


@dataclass(kw_only=True)
class Entry:
    """A declared configuration; ``secret`` and ``key`` are variables' names."""

    name: str
    workspace: str
    ai_type: str
    endpoint: str
    secret: str
    key: str | None = None
    previous_name: str | None = None

    @property
    def identity(self) -> tuple[str, str]:
        """What makes it one of its kind on the server."""
        return self.workspace, self.name


class Declared:
    """A manifest under change, with the values of its variables.

    Args:
        chance: where edits are drawn from.
        workspaces: where entries may be.

    Attributes:
        values: every variable with its present value, which it has never had before.
    """

    def __init__(self, chance: random.Random, workspaces: tuple[str, ...]) -> None:
        self._chance = chance
        self._workspaces = workspaces
        self._fresh = count()
        self.entries: list[Entry] = []
        self.values: dict[str, str] = {}
        for _ in range(chance.randint(1, 8)):
            self.create()

    def edit(self) -> str:
        """Makes one edit, any; says which."""
        edits = (
            self.create,
            self.create,
            self.change,
            self.rename,
            self.rename_in_a_chain,
            self.swap,
            self.rotate,
            self.rotate,
            self.change_variable,
            self.change_key,
            self.remove,
            self.move,
            self.forget_previous_name,
        )
        return self._chance.choice(edits)()

    def create(self, name: str | None = None) -> str:
        """Declares a new entry, with a name that is free."""
        workspace = self._chance.choice(self._workspaces)
        name = name or self._free(workspace)
        if name is None or (workspace, name) in self._identities():
            return "nothing"
        entry = Entry(
            name=name,
            workspace=workspace,
            ai_type=self._chance.choice(_TYPES),
            endpoint=self._endpoint(),
            secret=self._variable(),
            key=self._variable() if self._chance.random() < 0.3 else None,
        )
        self.entries.insert(self._chance.randint(0, len(self.entries)), entry)
        return f"create {name} in {workspace}"

    def change(self) -> str:
        """Edits a field."""
        entry = self._any()
        if self._chance.random() < 0.5:
            entry.endpoint = self._endpoint()
        else:
            entry.ai_type = self._chance.choice(_TYPES)
        return f"edit {entry.name}: {entry.ai_type} {entry.endpoint}"

    def rename(self) -> str:
        """Gives an entry a new name."""
        entry = self._any()
        return self._rename({entry.name: (entry, self._unused())})

    def rename_in_a_chain(self) -> str:
        """Gives an entry the name of another, which gets a new one."""
        entry, other = self._any(), self._any()
        if entry is other or entry.workspace != other.workspace:
            return self.rename()
        return self._rename({entry.name: (entry, other.name), other.name: (other, self._unused())})

    def swap(self) -> str:
        """Lets all entries of a workspace, or two, pass their names on in a circle."""
        workspace = self._any().workspace
        there = [entry for entry in self.entries if entry.workspace == workspace]
        chosen = self._chance.sample(there, self._chance.randint(min(2, len(there)), len(there)))
        names = [entry.name for entry in chosen]
        if len(names) < 2:
            return self.rename()
        after = (*names[1:], names[0])
        return self._rename(dict(zip(names, zip(chosen, after, strict=True), strict=True)))

    def rotate(self) -> str:
        """Gives a variable a new value."""
        variable = self._chance.choice(sorted(self.values))
        self.values[variable] = self._value()
        return f"rotate ${variable}"

    def change_variable(self) -> str:
        """Takes a credential from another variable, new or shared."""
        entry = self._any()
        entry.secret = self._chance.choice((self._variable(), *sorted(self.values)))
        return f"secret of {entry.name} from ${entry.secret}"

    def change_key(self) -> str:
        """Adds a key, or takes it away."""
        entry = self._any()
        entry.key = self._chance.choice(sorted(self.values)) if entry.key is None else None
        return f"key of {entry.name} from {entry.key and '$' + entry.key}"

    def remove(self) -> str:
        """Declares an entry no more; the last one stays."""
        if len(self.entries) < 2:
            return "nothing"
        entry = self._any()
        self.entries.remove(entry)
        return f"remove {entry.name} of {entry.workspace}"

    def move(self) -> str:
        """Puts an entry into another workspace."""
        entry = self._any()
        workspace = self._chance.choice(self._workspaces)
        if (workspace, entry.name) in self._identities():
            return "nothing"
        entry.workspace, entry.previous_name = workspace, None
        return f"move {entry.name} to {workspace}"

    def forget_previous_name(self) -> str:
        """Takes a ``previousName`` out again, as users do once it has served."""
        entry = self._any()
        entry.previous_name = None
        return f"no previousName for {entry.name}"

    def text(self) -> str:
        """The manifest; JSON is YAML."""
        return text_of(self.entries)

    def _rename(self, renames: dict[str, tuple[Entry, str]]) -> str:
        claimed = set(renames)
        workspace = next(iter(renames.values()))[0].workspace
        for other in self.entries:
            if other.workspace == workspace and other.previous_name in claimed:
                other.previous_name = None
        for before, (entry, after) in renames.items():
            entry.name, entry.previous_name = after, before
        return f"rename in {workspace}: " + ", ".join(f"{old} to {new}" for old, (_, new) in renames.items())

    def _any(self) -> Entry:
        return self._chance.choice(self.entries)

    def _identities(self) -> set[tuple[str, str]]:
        return {entry.identity for entry in self.entries}

    def _free(self, workspace: str) -> str | None:
        free = [name for name in _NAMES if (workspace, name) not in self._identities()]
        return self._chance.choice(free) if free else None

    def _unused(self) -> str:
        """A name that nobody ever had: one that was removed may still be held until somebody prunes."""
        return f"R{next(self._fresh)}"

    def _endpoint(self) -> str:
        return f"https://h{next(self._fresh) % 3}.llm-provider.net/v{next(self._fresh)}"

    def _variable(self) -> str:
        name = f"CREDENTIAL_{next(self._fresh)}"
        self.values[name] = self._value()
        return name

    def _value(self) -> str:
        return f"sk-{next(self._fresh)}-{self._chance.getrandbits(96):024x}"


def text_of(entries: Iterable[Entry]) -> str:
    """A manifest of these entries; JSON is YAML."""
    return json.dumps({"version": 1, "llms": [_written(entry) for entry in entries]}, indent=1)


def _written(entry: Entry) -> dict[str, Any]:
    fields = {
        "name": entry.name,
        "workspaceId": entry.workspace,
        "aiType": entry.ai_type,
        "endpoint": entry.endpoint,
        "secret": f"${entry.secret}",
        "key": entry.key and f"${entry.key}",
        "previousName": entry.previous_name,
    }
    return {name: value for name, value in fields.items() if value is not None}
