"""fbsync keeps the AI LLM configurations of Flashback workspaces in step with a YAML file in git.

``load``, ``plan`` and ``apply`` are the library (``fbsync.library``); the command line is ``fbsync.cli``.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from fbsync.changes import Plan as Plan
    from fbsync.changes import name_of as name_of
    from fbsync.errors import ExitCode as ExitCode
    from fbsync.errors import FbsyncError as FbsyncError
    from fbsync.errors import GuardRefused as GuardRefused
    from fbsync.errors import InvalidInput as InvalidInput
    from fbsync.library import apply as apply
    from fbsync.library import load as load
    from fbsync.library import plan as plan
    from fbsync.outcomes import Outcome as Outcome
    from fbsync.outcomes import Result as Result
    from fbsync.project import Inputs as Inputs
    from fbsync.proposal import Proposal as Proposal
    from fbsync.session import Applied as Applied
    from fbsync.session import Patience as Patience

__version__ = "0.1.0"

_HOMES = {
    "Applied": "session",
    "ExitCode": "errors",
    "FbsyncError": "errors",
    "GuardRefused": "errors",
    "Inputs": "project",
    "InvalidInput": "errors",
    "Outcome": "outcomes",
    "Patience": "session",
    "Plan": "changes",
    "Proposal": "proposal",
    "Result": "outcomes",
    "apply": "library",
    "load": "library",
    "name_of": "changes",
    "plan": "library",
}
"""Where the public names live: each is imported when it is first asked for, so that ``import fbsync`` costs nothing."""

__all__ = ["__version__", *_HOMES]  # noqa: PLE0604 - names, all of them


def __getattr__(name: str) -> object:
    """A public name, from its home."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = globals()[name] = getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *_HOMES})
