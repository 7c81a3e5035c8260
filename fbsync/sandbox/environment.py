"""The environment that points a command only at the sandbox."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from fbsync.sandbox.builtin import ADMIN, WORKSPACE

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

WORKSPACE_VARIABLE = "FLASHBACK_WORKSPACE_ID"
STATE_VARIABLE = "FBSYNC_STATE"
_PROXIES = ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY")
_NO_PROXIES = ("no_proxy", "NO_PROXY")


def sandbox_variables(url: str, *, token: str, refresh_token: str) -> dict[str, str]:
    """The variables that point a client at a sandbox as its administrator.

    Every means of signing in is among them, so that none of a real account is left, neither in the
    environment nor in a ``.env`` file, which would count where the environment has nothing.
    """
    return {
        "FLASHBACK_API_URL": url,
        "FLASHBACK_TOKEN": token,
        "FLASHBACK_REFRESH_TOKEN": refresh_token,
        "FLASHBACK_EMAIL": ADMIN.email,
        "FLASHBACK_PASSWORD": ADMIN.password,
    }


def command_environment(
    environment: Mapping[str, str], variables: Mapping[str, str], *, state_folder: Path
) -> dict[str, str]:
    """The environment of a command that is to use a sandbox.

    Args:
        environment: ours.
        variables: those of the sandbox.
        state_folder: where the known state is kept, so that the real one is left alone.

    Returns:
        Ours with the sandbox's variables and known state, a workspace unless one is set, and no proxy before the
        sandbox.
    """
    workspace = environment.get(WORKSPACE_VARIABLE) or WORKSPACE
    changed = {**environment, **variables, WORKSPACE_VARIABLE: workspace, STATE_VARIABLE: f"file:{state_folder}"}
    if any(environment.get(name) for name in _PROXIES):
        host = urlsplit(variables["FLASHBACK_API_URL"]).hostname
        changed |= {name: f"{environment.get(name, '')},{host}".lstrip(",") for name in _NO_PROXIES}
    return changed
