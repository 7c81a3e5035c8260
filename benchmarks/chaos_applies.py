"""The runs of one schedule: ``fbsync apply`` in its folder, with its troubles."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING

from benchmarks.chaos_troubles import Death, Troubles

if TYPE_CHECKING:
    from pathlib import Path

    from benchmarks.chaos_manifest import Declared
    from benchmarks.chaos_place import Place
    from benchmarks.chaos_runs import Run

_POLL_SECONDS = 0.0005


@dataclass(frozen=True, kw_only=True)
class Applies:
    """Runs ``fbsync apply``.

    Attributes:
        place: where the runs happen.
        folder: the folder with the manifest, the lockfile and the journal.
        log: gets everything that is printed.
        declared: the manifest.
        fingerprint_key: the lockfile's key, or an empty string for none.
        environment: the environment to apply, or None.
    """

    place: Place
    folder: Path
    log: Path
    declared: Declared
    fingerprint_key: str
    environment: str | None = None

    @property
    def lockfile(self) -> Path:
        """The lockfile."""
        return self.folder / ("fbsync.lock" if self.environment is None else f"fbsync.{self.environment}.lock")

    @property
    def journal(self) -> Path:
        """The journal."""
        return self.lockfile.with_name(f"{self.lockfile.name}.journal")

    def run(self, argv: list[str], troubles: Troubles, *, twin: list[str] | None = None) -> tuple[int, ...]:
        """Run ``fbsync apply`` until it ends in any way.

        Args:
            argv: further arguments.
            troubles: the troubles of the run.
            twin: the further arguments of a second run at the same time, or None for none.

        Returns:
            The exit status of each run, negative for a signal.
        """
        gate = self.place.gate
        (self.folder / "fbsync.yaml").write_text(self.declared.text(self.environment))
        gate.open(troubles)
        with self.log.open("a") as log:
            log.write(f"\n--- apply {' '.join(argv)} ({troubles})\n")
        command = ["apply", "--yes", "-v", *(["-e", self.environment] if self.environment else []), *argv]
        environment = self._environment()
        run = self.place.forks[0].start(
            command,
            folder=self.folder,
            environment=environment,
            log=self.log,
            die_at=troubles.at if troubles.death is Death.FILE else None,
            disk=(troubles.disk.value, troubles.at, troubles.disk_calls) if troubles.disk else None,
        )
        second = None
        if twin is not None:
            second = self.place.forks[1].start(
                [*command, *twin], folder=self.folder, environment=environment, log=self.log.with_suffix(".twin.log")
            )
        gate.watch(run)
        over = threading.Event()
        killer = threading.Thread(target=self._kill_in_time, args=(run, troubles, over))
        killer.start()
        statuses = (run.wait(),)
        over.set()
        killer.join()
        if second is not None:
            statuses = (*statuses, second.wait())
        # The server still carries out what a killed run has sent, and has finished before the next run begins.
        gate.drain()
        return statuses

    def _kill_in_time(self, run: Run, troubles: Troubles, over: threading.Event) -> None:
        """Kill the run after some time, or once its journal has this many lines."""
        if troubles.death is Death.TIME and not over.wait(troubles.at / 1000):
            run.send(troubles.signal)
        while troubles.death is Death.JOURNAL and not over.wait(_POLL_SECONDS):
            if _lines(self.journal) >= troubles.at:
                run.send(troubles.signal)
                return

    def _environment(self) -> dict[str, str]:
        key = {"FBSYNC_FINGERPRINT_KEY": self.fingerprint_key} if self.fingerprint_key else {}
        return {"HOME": str(self.folder), **self.place.environment, **key, **self.declared.values}


def _lines(path: Path) -> int:
    try:
        return path.read_bytes().count(b"\n")
    except FileNotFoundError:
        return 0
