"""Servers to apply to: one that answers at once, and the sandbox."""

from __future__ import annotations

import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

_ROOT = Path(__file__).parents[1]


@contextmanager
def instant(*, latency: float = 0, keep: bool = False, by_workspace: bool = False) -> Iterator[dict[str, str]]:
    """Run the server that answers at once, or after this many milliseconds; return the variables that point to it.

    Args:
        latency: how many milliseconds each request waits.
        keep: whether the server lists what was created.
        by_workspace: whether the server refuses to list all workspaces at once.
    """
    command = [sys.executable, "-m", "benchmarks.instant_server", "--latency", str(latency)]
    command += [*(["--keep"] if keep else []), *(["--by-workspace"] if by_workspace else [])]
    with subprocess.Popen(command, cwd=_ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as server:
        assert server.stdin is not None
        assert server.stdout is not None
        try:
            yield {"FLASHBACK_API_URL": server.stdout.readline().strip(), "FLASHBACK_TOKEN": "made-up"}
        finally:
            server.stdin.close()
