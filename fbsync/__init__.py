"""fbsync keeps the AI LLM configurations of Flashback workspaces in step with a YAML file in git.

``load``, ``plan``, ``apply`` and ``drift`` are the library (``fbsync.api``); the command line is ``fbsync.cli``.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

from fbsync.version import __version__

if TYPE_CHECKING:
    from fbsync.api.coroutines import apply_async as apply_async
    from fbsync.api.coroutines import drift_async as drift_async
    from fbsync.api.coroutines import plan_async as plan_async
    from fbsync.api.functions import apply as apply
    from fbsync.api.functions import drift as drift
    from fbsync.api.functions import load as load
    from fbsync.api.functions import plan as plan
    from fbsync.model.changes import name_of as name_of
    from fbsync.model.errors import ExitCode as ExitCode
    from fbsync.model.errors import FbsyncError as FbsyncError
    from fbsync.model.errors import GuardRefused as GuardRefused
    from fbsync.model.errors import InvalidInput as InvalidInput
    from fbsync.model.outcomes import Outcome as Outcome
    from fbsync.model.outcomes import Result as Result
    from fbsync.model.plan import Plan as Plan
    from fbsync.workflow.applied import Applied as Applied
    from fbsync.workflow.connection import Patience as Patience
    from fbsync.workflow.inputs import Inputs as Inputs
    from fbsync.workflow.proposal import Proposal as Proposal


_HOMES = {
    "Applied": "workflow.applied",
    "ExitCode": "model.errors",
    "FbsyncError": "model.errors",
    "GuardRefused": "model.errors",
    "Inputs": "workflow.inputs",
    "InvalidInput": "model.errors",
    "Outcome": "model.outcomes",
    "Patience": "workflow.connection",
    "Plan": "model.plan",
    "Proposal": "workflow.proposal",
    "Result": "model.outcomes",
    "apply": "api.functions",
    "apply_async": "api.coroutines",
    "drift": "api.functions",
    "drift_async": "api.coroutines",
    "load": "api.functions",
    "name_of": "model.changes",
    "plan": "api.functions",
    "plan_async": "api.coroutines",
}
"""The module of each public name. Names are imported on first use, so that ``import fbsync`` costs nothing."""

__all__ = ["__version__", *_HOMES]  # noqa: PLE0604 - names, all of them


def __getattr__(name: str) -> object:
    """Import a public name from its module."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = globals()[name] = getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *_HOMES})
