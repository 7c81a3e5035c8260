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
    """Return the variables that point a client at a sandbox as its administrator.

    They include every way to sign in, so that none of a real account is used. Otherwise, a variable in the
    environment or in a ``.env`` file could still name a real account.
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
    """Return the environment of a command that uses a sandbox.

    Args:
        environment: this process's environment.
        variables: the sandbox's variables.
        state_folder: the folder for the known state, so that the real one is not touched.

    Returns:
        This process's environment with the sandbox's variables and known state, with a workspace unless one is set,
        and without a proxy for the sandbox.
    """
    workspace = environment.get(WORKSPACE_VARIABLE) or WORKSPACE
    changed = {**environment, **variables, WORKSPACE_VARIABLE: workspace, STATE_VARIABLE: f"file:{state_folder}"}
    if any(environment.get(name) for name in _PROXIES):
        host = urlsplit(variables["FLASHBACK_API_URL"]).hostname
        changed |= {name: f"{environment.get(name, '')},{host}".lstrip(",") for name in _NO_PROXIES}
    return changed
