"""The killed apply: 200 creations at 0.4 s each, ten at a time, SIGKILL after 6 s, and the same command again.

In this test, Terraform with an HTTP backend left 117 objects on the server and none in its state, a lock that had to
be forced, and 117 duplicates after that.
"""

from __future__ import annotations

import argparse
import json
import os
import sqlite3
import subprocess
import sys
import tempfile
import time
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from fbsync.sandbox.options import SandboxOptions
from fbsync.sandbox.process import running

if TYPE_CHECKING:
    from collections.abc import Mapping

_ROOT = Path(__file__).parents[1]
_PARALLELISM = "10"
_POLL_SECONDS = 0.02


@dataclass(frozen=True, kw_only=True)
class Findings:
    """The result of the test.

    Attributes:
        survivors: how many objects were on the server when the first run was killed.
        status: the exit status of the second run.
        objects: how many objects are on the server after that.
        duplicates: how many of them are duplicates.
        lost: how many are missing, or are not in the lockfile.
        between: commands that were needed between the two runs.
    """

    survivors: int
    status: int
    objects: int
    duplicates: int
    lost: int
    between: int = 0

    def __str__(self) -> str:
        """The numbers, one on each line."""
        return (
            f"objects when killed: {self.survivors}\n"
            f"exit status of the rerun: {self.status}\n"
            f"objects: {self.objects}\n"
            f"duplicates: {self.duplicates}\n"
            f"lost: {self.lost}\n"
            f"commands needed in between: {self.between}"
        )


def kill_and_rerun(*, entries: int, latency: float, started: int, seconds: float) -> Findings:
    """Run the test.

    Args:
        entries: how many configurations are declared.
        latency: how many milliseconds each request takes.
        started: how many objects must be on the server before the time starts.
        seconds: the time from then until the first run is killed.
    """
    with tempfile.TemporaryDirectory(prefix="fbsync-killed-") as name:
        folder = Path(name)
        (folder / "fbsync.yaml").write_text(manifest(entries))
        database = folder / "sandbox.db"
        with running(SandboxOptions(db=database, latency=latency)) as sandbox:
            environment = {
                **os.environ,
                "HOME": name,
                "FLASHBACK_API_URL": sandbox.url,
                "FLASHBACK_TOKEN": sandbox.token,
                "FLASHBACK_WORKSPACE_ID": sandbox.workspace_id,
                "PROVIDER_KEY": "sk-0123456789abcdef",
            }
            first = _apply(folder, environment)
            while len(_objects(database)) < started and first.poll() is None:
                time.sleep(_POLL_SECONDS)
            time.sleep(seconds)
            first.kill()
            first.wait()
            survivors = len(_objects(database))
            status = _apply(folder, environment).wait()
            objects = _objects(database)
        known = {llm["id"] for llm in json.loads((folder / "fbsync.lock").read_text())["llms"]}
    names = set(objects.values())
    return Findings(
        survivors=survivors,
        status=status,
        objects=len(objects),
        duplicates=len(objects) - len(names),
        lost=len(objects.keys() - known) + entries - len(names),
    )


def manifest(entries: int) -> str:
    """A manifest with this many entries."""
    llms = [
        {
            "name": f"Model {number}",
            "aiType": "OPENAI",
            "endpoint": "https://api.openai.com/v1",
            "secret": "$PROVIDER_KEY",
        }
        for number in range(entries)
    ]
    return json.dumps({"version": 1, "workspaceId": "$FLASHBACK_WORKSPACE_ID", "llms": llms})


def _apply(folder: Path, environment: Mapping[str, str]) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "fbsync", "apply", "--yes", "--parallelism", _PARALLELISM]
    return subprocess.Popen(
        command,
        cwd=folder,
        env={**environment, "PYTHONPATH": str(_ROOT)},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )


def _objects(database: Path) -> dict[str, str]:
    """The names on the server, by id."""
    with closing(sqlite3.connect(f"file:{database}?mode=ro", uri=True, timeout=5)) as connection:
        return dict(connection.execute("SELECT id, name FROM llm").fetchall())


def main() -> int:
    """Run the test; return 1 if something is lost or duplicated."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.killed", description=__doc__)
    parser.add_argument("--entries", type=int, default=200)
    parser.add_argument("--latency", type=float, default=400, help="of each request, in milliseconds")
    parser.add_argument("--seconds", type=float, default=6, help="from the first object to the kill")
    options = parser.parse_args()
    found = kill_and_rerun(entries=options.entries, latency=options.latency, started=1, seconds=options.seconds)
    sys.stdout.write(f"{found}\n")
    return int((found.status, found.objects, found.duplicates, found.lost) != (0, options.entries, 0, 0))


if __name__ == "__main__":
    sys.exit(main())
