"""The options that ``sandbox serve`` and ``sandbox run`` share. They are checked once."""

from __future__ import annotations

import json
import math
from dataclasses import asdict, dataclass, fields
from importlib.util import find_spec
from pathlib import Path

from fbsync.model.errors import ExitCode, FbsyncError

_FRAMEWORK = ("fastapi", "uvicorn")
_PATHS = ("db", "faults", "seed")


@dataclass(frozen=True, slots=True, kw_only=True)
class SandboxOptions:
    """The options of a sandbox.

    Attributes:
        db: the SQLite file, which is created if it does not exist, or None to keep everything in memory.
        workspaces: the ids of workspaces in addition to the seeded ones.
        token_lifetime: for how many seconds an access token is valid (``flashback-api.md``: one hour).
        latency: how many milliseconds each request waits before it is processed.
        clock_skew: how many seconds the server's clock is ahead of this machine's clock.
        mfa: whether a login is restricted until the user sends a second factor.
        faults: a fault script (see ``fbsync.sandbox.fault_script``), or None.
        seed: a seed file (see ``fbsync.sandbox.seed_file``), or None.
        access_log: whether to log each request, without query, headers and body.
    """

    db: Path | None = None
    workspaces: tuple[str, ...] = ()
    token_lifetime: float = 3600.0
    latency: float = 0.0
    clock_skew: float = 0.0
    mfa: bool = False
    faults: Path | None = None
    seed: Path | None = None
    access_log: bool = False

    def __post_init__(self) -> None:
        """Refuse durations that are not finite numbers.

        Raises:
            FbsyncError: a duration is infinite or not a number.
        """
        if not all(map(math.isfinite, (self.token_lifetime, self.latency, self.clock_skew))):
            raise FbsyncError("a duration must be a finite number", exit_code=ExitCode.USAGE)

    def to_json(self) -> str:
        """Return the options as JSON for another process. Paths are absolute."""
        values = asdict(self)
        absolute = {name: str(path.absolute()) for name in _PATHS if (path := values[name]) is not None}
        return json.dumps(values | absolute)

    @classmethod
    def from_json(cls, text: str) -> SandboxOptions:
        """Read what ``to_json`` wrote."""
        values = json.loads(text)
        paths = {name: Path(values[name]) for name in _PATHS if values[name] is not None}
        known = {field.name: values[field.name] for field in fields(cls)}
        return cls(**known | paths | {"workspaces": tuple(values["workspaces"])})


def require_framework() -> None:
    """Check that the extra ``sandbox`` is installed, without importing it.

    Raises:
        FbsyncError: it is not installed.
    """
    missing = [name for name in _FRAMEWORK if find_spec(name) is None]
    if missing:
        raise FbsyncError(
            f"the sandbox needs {' and '.join(missing)}, which the extra 'sandbox' installs",
            hint="pip install 'fbsync[sandbox]'",
        )
