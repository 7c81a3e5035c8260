"""Match and count requests to find the rules of a fault script that are due."""

from __future__ import annotations

import random
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from fbsync.sandbox.fault_actions import Echo
from fbsync.sandbox.fault_effects import Effect

if TYPE_CHECKING:
    from fbsync.sandbox.fault_actions import Deciding
    from fbsync.sandbox.fault_script import FaultScript, Match, Rule


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """The parts of a request that rules are matched against.

    Attributes:
        method: the method, in capitals.
        path: the path, without the query.
        names: the configuration's name in the body, and the name of the configuration with the id in the path, if
            there are such names.
    """

    method: str
    path: str
    names: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class Due:
    """The actions that are due for a request: the one that decides the answer, or None, and the others."""

    deciding: Deciding | None
    effects: tuple[Effect, ...]


class FaultRules:
    """The rules of a script, with their counters.

    Every rule counts the requests that it matches, whether or not another rule acts on them.
    """

    def __init__(self, script: FaultScript) -> None:
        self._counted = [_CountedRule(rule, seed=f"{script.seed}:{at}") for at, rule in enumerate(script.rules)]
        self.ask_for_names = any(rule.match.name is not None for rule in script.rules)
        self.keep_secrets = any(isinstance(rule.action, Echo) and rule.action.what == "stored" for rule in script.rules)

    def due(self, asked: Asked) -> Due:
        """Count a request, and return the due actions."""
        deciding: Deciding | None = None
        effects: list[Effect] = []
        for counted in self._counted:
            if not counted.counts(asked):
                continue
            action = counted.rule.action
            if isinstance(action, Effect):
                counted.acts()
                effects.append(action)
            elif deciding is None:
                counted.acts()
                deciding = action
        return Due(deciding=deciding, effects=tuple(effects))


class _CountedRule:
    """A rule, how many requests it has matched, and how often it has acted."""

    def __init__(self, rule: Rule, *, seed: str) -> None:
        self.rule = rule
        self._path = _path_pattern(rule.match)
        self._matched = 0
        self._acted = 0
        self._random = random.Random(seed)  # noqa: S311 - repeatable, not secret

    def counts(self, asked: Asked) -> bool:
        """Count a matching request, and return whether the rule is due."""
        if not self._matches(asked):
            return False
        self._matched += 1
        return self._is_turn() and (self.rule.times is None or self._acted < self.rule.times)

    def acts(self) -> None:
        """Count that the rule has acted."""
        self._acted += 1

    def _matches(self, asked: Asked) -> bool:
        match = self.rule.match
        return (
            match.method in {None, asked.method}
            and self._path.fullmatch(asked.path) is not None
            and (match.name is None or match.name in asked.names)
        )

    def _is_turn(self) -> bool:
        match = self.rule.match
        # A number is drawn at every match, so that other conditions do not shift the draws.
        drawn = match.chance is None or self._random.random() < match.chance
        return (
            drawn
            and (match.nth is None or self._matched == match.nth)
            and (match.every is None or self._matched % match.every == 0)
            and (match.after is None or self._matched > match.after)
        )


def _path_pattern(match: Match) -> re.Pattern[str]:
    """Return the rule's path as a regular expression. If there are a glob and an expression, both must match."""
    parts = re.split(r"(\*\*|\*)", match.path or "**")
    glob = "".join({"**": ".*", "*": "[^/]*"}.get(part, re.escape(part)) for part in parts)
    return re.compile(glob if match.path_regex is None else f"(?={glob}$)(?:{match.path_regex})", re.DOTALL)
