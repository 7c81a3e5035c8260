"""The manifest of a schedule: what is declared, and the random edits that users make to it."""

from __future__ import annotations

import json
from dataclasses import dataclass
from itertools import count
from typing import TYPE_CHECKING, Any

from fbsync.sandbox.llm_columns import REFUSED_MARK

if TYPE_CHECKING:
    import random
    from collections.abc import Iterable

_TYPES = ("OPENAI", "GOOGLE", "ANTHROPIC", "AWS", "OTHER")
_RETURNED = 0.4
"""The share of rotations to an earlier value."""
_REFUSED = 0.25
"""The share of rotations to a value that the provider refuses."""
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
    protect: bool = False

    @property
    def identity(self) -> tuple[str, str]:
        """The entry's identity on the server."""
        return self.workspace, self.name


class Declared:
    """A changing manifest, with the values of its variables.

    Args:
        chance: the random source of the edits.
        workspaces: where entries may be.

    Attributes:
        values: every variable with its current value, which may be an earlier one again.
    """

    def __init__(self, chance: random.Random, workspaces: tuple[str, ...]) -> None:
        self._chance = chance
        self._workspaces = workspaces
        self._fresh = count()
        self.entries: list[Entry] = []
        self.values: dict[str, str] = {}
        self._former: dict[str, list[str]] = {}
        self._ever_protected: set[int] = set()
        for _ in range(chance.randint(1, 8)):
            self.create()

    def edit(self) -> str:
        """Make a random edit; return its name."""
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
            self.protect,
            self.remove,
            self.move,
            self.forget_previous_name,
        )
        return self._chance.choice(edits)()

    def create(self, name: str | None = None) -> str:
        """Declare a new entry with a free name."""
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
        """Edit a field."""
        entry = self._any()
        if self._chance.random() < 0.5:
            entry.endpoint = self._endpoint()
        else:
            entry.ai_type = self._chance.choice(_TYPES)
        return f"edit {entry.name}: {entry.ai_type} {entry.endpoint}"

    def rename(self) -> str:
        """Give an entry a new name."""
        entry = self._any()
        return self._rename({entry.name: (entry, self._unused())})

    def rename_in_a_chain(self) -> str:
        """Give an entry the name of another, which gets a new one."""
        entry, other = self._any(), self._any()
        if entry is other or entry.workspace != other.workspace:
            return self.rename()
        return self._rename({entry.name: (entry, other.name), other.name: (other, self._unused())})

    def swap(self) -> str:
        """Let two or more entries of a workspace pass their names on in a circle."""
        workspace = self._any().workspace
        there = [entry for entry in self.entries if entry.workspace == workspace]
        chosen = self._chance.sample(there, self._chance.randint(min(2, len(there)), len(there)))
        names = [entry.name for entry in chosen]
        if len(names) < 2:
            return self.rename()
        after = (*names[1:], names[0])
        return self._rename(dict(zip(names, zip(chosen, after, strict=True), strict=True)))

    def rotate(self) -> str:
        """Give a variable a new or an earlier value."""
        variable = self._chance.choice(sorted(self.values))
        former = self._former.setdefault(variable, [])
        back = bool(former) and self._chance.random() < _RETURNED
        value = self._chance.choice(former) if back else self._rotated()
        former.append(self.values[variable])
        self.values[variable] = value
        refused = ", to one that the provider refuses" if REFUSED_MARK in value else ""
        return f"rotate ${variable}{' back' if back else ''}{refused}"

    def change_variable(self) -> str:
        """Take a credential from another variable, new or shared."""
        entry = self._any()
        entry.secret = self._chance.choice((self._variable(), *sorted(self.values)))
        return f"secret of {entry.name} from ${entry.secret}"

    def change_key(self) -> str:
        """Add or remove a key."""
        entry = self._any()
        entry.key = self._chance.choice(sorted(self.values)) if entry.key is None else None
        return f"key of {entry.name} from {entry.key and '$' + entry.key}"

    def protect(self) -> str:
        """Protect or unprotect an entry. Protected entries are never removed: a guard would refuse the clean run."""
        entry = self._any()
        entry.protect = not entry.protect
        self._ever_protected.add(id(entry))
        return f"protect {entry.name}: {entry.protect}"

    def remove(self) -> str:
        """Remove an entry; the last one stays."""
        entry = self._any()
        if len(self.entries) < 2 or id(entry) in self._ever_protected:
            return "nothing"
        self.entries.remove(entry)
        return f"remove {entry.name} of {entry.workspace}"

    def move(self) -> str:
        """Move an entry to another workspace."""
        entry = self._any()
        workspace = self._chance.choice(self._workspaces)
        if (workspace, entry.name) in self._identities() or id(entry) in self._ever_protected:
            return "nothing"
        entry.workspace, entry.previous_name = workspace, None
        return f"move {entry.name} to {workspace}"

    def forget_previous_name(self) -> str:
        """Remove a ``previousName``, as users do after the rename."""
        entry = self._any()
        if self._is_held(entry):
            return "nothing"
        entry.previous_name = None
        return f"no previousName for {entry.name}"

    def text(self, environment: str | None = None) -> str:
        """The manifest as text; JSON is YAML."""
        return text_of(self.entries, environment)

    def _is_held(self, entry: Entry) -> bool:
        """Whether ``previousName`` must stay: without it, a guard would refuse until the rename is applied."""
        return id(entry) in self._ever_protected and entry.previous_name is not None

    def _rename(self, renames: dict[str, tuple[Entry, str]]) -> str:
        claimed = set(renames)
        workspace = next(iter(renames.values()))[0].workspace
        renamed = [entry for entry, _ in renames.values()]
        cut = [other for other in self.entries if other.workspace == workspace and other.previous_name in claimed]
        if any(map(self._is_held, (*renamed, *cut))):
            return "nothing"
        for other in cut:
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
        """A name that was never used. The name of a removed entry may be in use until somebody prunes."""
        return f"R{next(self._fresh)}"

    def _endpoint(self) -> str:
        return f"https://h{next(self._fresh) % 3}.llm-provider.net/v{next(self._fresh)}"

    def _variable(self) -> str:
        name = f"CREDENTIAL_{next(self._fresh)}"
        self.values[name] = self._value()
        return name

    def _rotated(self) -> str:
        """A new value, which the provider may refuse."""
        return f"{REFUSED_MARK if self._chance.random() < _REFUSED else ''}{self._value()}"

    def _value(self) -> str:
        return f"sk-{next(self._fresh)}-{self._chance.getrandbits(96):024x}"


def text_of(entries: Iterable[Entry], environment: str | None = None) -> str:
    """Return a manifest as text; JSON is YAML.

    Args:
        entries: the declared entries.
        environment: the environment that declares these entries; without it, the manifest declares one more entry.
    """
    llms = [_written(entry) for entry in entries]
    if environment is None:
        return json.dumps({"version": 1, "llms": llms}, indent=1)
    elsewhere = {"name": "Not here", "workspaceId": "ws-none", "aiType": "OTHER", "secret": "$NOT_HERE"}
    left_out = {environment: {"llms": {"Not here": None}}}
    llms.append(elsewhere | {"endpoint": "https://none.example.com"})
    return json.dumps({"version": 1, "llms": llms, "environments": left_out}, indent=1)


def _written(entry: Entry) -> dict[str, Any]:
    fields = {
        "name": entry.name,
        "workspaceId": entry.workspace,
        "aiType": entry.ai_type,
        "endpoint": entry.endpoint,
        "secret": f"${entry.secret}",
        "key": entry.key and f"${entry.key}",
        "previousName": entry.previous_name,
        "protect": entry.protect or None,
    }
    return {name: value for name, value in fields.items() if value is not None}
