"""Random fault scripts for the sandbox's own faults (``fbsync.sandbox.fault_script``)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import random

_ACTIONS: tuple[dict[str, Any], ...] = (
    {"type": "refuse"},
    {"type": "process-then-drop"},
    {"type": "process-then-500"},
    {"type": "process-then-502"},
    {"type": "process-then-504"},
    {"type": "status", "status": 500},
    {"type": "status", "status": 200, "body": {"success": False, "message": "no"}},
    {"type": "torn"},
    {"type": "torn", "length": "cut"},
    {"type": "slow", "before": 700},
    {"type": "slow", "after": 700},
    {"type": "slow", "dribble": 100},
    {"type": "throttle", "retryAfter": 0},
    {"type": "throttle", "retryAfter": 1},
    {"type": "throttle", "retryAfter": 0, "form": "date"},
    {"type": "throttle", "status": 503, "form": "none"},
    {"type": "listing-lag", "calls": 2},
    {"type": "expire-tokens"},
)


def fault_script(chance: random.Random) -> dict[str, Any]:
    """Draw a script of a few rules, most of them about writes."""
    rules = [
        {
            "match": {"path": "/ai/**", "chance": chance.choice((0.1, 0.3)), **_method(chance)},
            "action": action,
        }
        for action in chance.sample(_ACTIONS, chance.randint(1, 4))
    ]
    return {"seed": chance.getrandbits(16), "rules": rules}


def _method(chance: random.Random) -> dict[str, str]:
    method = chance.choice(("POST", "PUT", "DELETE", "GET", None))
    return {} if method is None else {"method": method}
