"""A crash at every call: end an apply of ten mixed changes at each call that touches a file or the server.

Each case applies ten entries to its own workspace, edits the manifest, and applies again with a preloaded library
(``crash_points.c``) that kills the process at one call, tears that write, or lets it fail with ENOSPC or EIO. Then one
plain apply, with the same or the earlier manifest, must bring the server to what the manifest declares:
nothing twice, nothing lost, every credential as declared, and no journal left.

This needs Linux and a C compiler. ``python -m benchmarks.crashes`` tries all calls; ``--every 10``
tries a tenth of them.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
import threading
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from benchmarks.chaos_checks import on_server, violations
from benchmarks.chaos_manifest import Entry, text_of
from benchmarks.chaos_runs import forking
from fbsync.sandbox.options import SandboxOptions
from fbsync.sandbox.process import running

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

_ROOT = Path(__file__).parents[1]
_SOURCE = Path(__file__).with_name("crash_points.c")
_PROCESS_CALLS = ("write", "fsync", "rename", "unlink", "open")
_HOWS = ("kill", "torn", "ENOSPC", "EIO")
_UNDER_FAULT = {0, 1, 3, 4, 5, 7, -9}
"""Allowed exit codes of an apply with a fault: any in the design, or killed."""


@dataclass(frozen=True, kw_only=True)
class Manifest:
    """The declared entries, and the values of their variables."""

    entries: tuple[Entry, ...]
    values: dict[str, str]

    @property
    def text(self) -> str:
        """The manifest as a file."""
        return text_of(self.entries)


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One crash.

    Attributes:
        at: the number of the call, from 1.
        how: what happens at that call.
        reverted: whether the apply after the crash uses the earlier manifest.
    """

    at: int
    how: str
    reverted: bool

    def __str__(self) -> str:
        """The options that repeat this case."""
        return f"--at {self.at} --how {self.how}" + (" --reverted" if self.reverted else "")


@dataclass(kw_only=True)
class Found:
    """The result of a case: the exit codes of both applies, and the violations."""

    case: Case
    statuses: tuple[int, int]
    violations: list[str] = field(default_factory=list)


def before(workspace: str) -> Manifest:
    """Ten entries."""
    names = ("Endpoint", "Rotated", "Key added", "Key gone", "Renamed", "Left", "Right", "Removed", "Type", "Kept")
    keys = {"Key gone": "KEY_GONE", "Left": "KEY_LEFT"}
    entries = tuple(
        _entry(name, workspace, secret=f"SECRET_{number}", key=keys.get(name)) for number, name in enumerate(names)
    )
    return Manifest(entries=entries, values=_values("before"))


def after(workspace: str) -> Manifest:
    """The same ten entries, nearly all changed: two swap names, one is renamed, one is removed, and two are new."""
    entries = {entry.name: entry for entry in before(workspace).entries}
    entries["Endpoint"].endpoint = "https://two.example.com/v2"
    entries["Key added"].key = "KEY_ADDED"
    entries["Key gone"].key = None
    entries["Renamed"].name, entries["Renamed"].previous_name = "Renamed again", "Renamed"
    left, right = entries["Left"], entries["Right"]
    left.name, left.previous_name, right.name, right.previous_name = "Right", "Left", "Left", "Right"
    entries["Type"].ai_type = "OTHER"
    del entries["Removed"]
    new = (
        _entry("New", workspace, secret="SECRET_10"),
        _entry("New with key", workspace, secret="SECRET_0", key="KEY_NEW"),
    )
    return Manifest(entries=(*entries.values(), *new), values=_values("before") | {"SECRET_1": "sk-after-of-SECRET_1"})


def _entry(name: str, workspace: str, *, secret: str, key: str | None = None) -> Entry:
    endpoint = "https://one.example.com/v1"
    return Entry(name=name, workspace=workspace, ai_type="OPENAI", endpoint=endpoint, secret=secret, key=key)


def _values(when: str) -> dict[str, str]:
    names = [*(f"SECRET_{number}" for number in range(11)), "KEY_GONE", "KEY_LEFT", "KEY_ADDED", "KEY_NEW"]
    return {name: f"sk-{when}-of-{name}" for name in names}


class Crashes:
    """Cases with one sandbox.

    Args:
        folder: the folder for the library and the cases' own folders.
        workspaces: one for each case.
        parallelism: the parallelism of the applies.
        forget: whether to lose lockfile and journal after the crash. This is a control, which must find violations.
        verify_first: whether the crashed apply uses --verify-first.
    """

    def __init__(
        self,
        folder: Path,
        workspaces: tuple[str, ...],
        *,
        parallelism: int,
        forget: bool = False,
        verify_first: bool = False,
    ) -> None:
        self._folder = folder
        self._more = ["--verify-first"] if verify_first else []
        self._forget = forget
        self._parallelism = parallelism
        self._unused = iter(workspaces)
        self._library = built(folder)
        self._stack = ExitStack()
        self._database = folder / "sandbox.db"
        self._options = SandboxOptions(db=self._database, workspaces=workspaces)

    def __enter__(self) -> Self:
        self._sandbox = self._stack.enter_context(running(self._options))
        self._forks = self._stack.enter_context(forking())
        self._one_at_a_time = threading.Lock()
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def calls(self) -> list[str]:
        """The calls of an apply without failures, in order."""
        found, log = self._play(Case(at=0, how="kill", reverted=False))
        if found.violations or found.statuses != (0, 0):
            raise AssertionError(found)
        return [line.split()[1] for line in log.splitlines()]

    def play(self, case: Case) -> Found:
        """Run a case, and keep its folder if there is a violation."""
        return self._play(case)[0]

    def _play(self, case: Case) -> tuple[Found, str]:
        workspace = next(self._unused)
        folder, log = self._folder / workspace, self._folder / f"{workspace}.log"
        folder.mkdir()
        first, second = before(workspace), after(workspace)
        if (status := self._apply(folder, first)) != 0:
            raise AssertionError(f"the apply before the crash ended with {status}")
        crash = {
            "LD_PRELOAD": str(self._library),
            "CRASH_FOLDER": str(folder),
            "CRASH_AT": str(case.at),
            "CRASH_HOW": case.how,
            "CRASH_LOG": str(log),
        }
        crashed = self._apply(folder, second, crash, self._more)
        if self._forget:
            for path in folder.glob("fbsync.lock*"):
                path.unlink()
        declared = first if case.reverted else second
        found = Found(case=case, statuses=(crashed, self._apply(folder, declared)))
        found.violations += self._violations(folder, workspace, declared, found.statuses)
        if not found.violations:
            shutil.rmtree(folder)
        return found, log.read_text()

    def _violations(self, folder: Path, workspace: str, declared: Manifest, statuses: tuple[int, int]) -> Iterator[str]:
        crashed, clean = statuses
        if crashed not in _UNDER_FAULT:
            yield f"the apply with the fault ended with {crashed}"
        if clean != 0:
            yield f"the plain apply after it ended with {clean}"
        rows = on_server(self._database, (workspace,))
        yield from violations(declared, rows, folder / "fbsync.lock", strangers={}, before=())

    def _apply(
        self, folder: Path, declared: Manifest, crash: dict[str, str] | None = None, more: Sequence[str] = ()
    ) -> int:
        (folder / "fbsync.yaml").write_text(declared.text)
        argv = ["apply", "--yes", "--prune", "--parallelism", str(self._parallelism), *more]
        environment = {
            "PATH": os.environ["PATH"],
            "HOME": str(self._folder / f"{folder.name}-home"),
            "PYTHONPATH": str(_ROOT),
            "FLASHBACK_API_URL": self._sandbox.url,
            "FLASHBACK_TOKEN": self._sandbox.token,
            **declared.values,
            **(crash or {}),
        }
        log = self._folder / f"{folder.name}.out"
        if crash is None:
            with self._one_at_a_time:
                return self._forks.start(argv, folder=folder, environment=environment, log=log).wait()
        # A preloaded library needs a process that starts with it, so this cannot be a fork.
        with log.open("ab") as output:
            done = subprocess.run(
                [sys.executable, "-m", "fbsync", *argv],
                cwd=folder,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                check=False,
            )
        return done.returncode


def built(folder: Path) -> Path:
    """The library, compiled.

    Raises:
        FileNotFoundError: there is no C compiler.
        subprocess.CalledProcessError: it cannot be compiled here.
    """
    library = folder / "crash_points.so"
    subprocess.run(["cc", "-O1", "-shared", "-fPIC", "-o", library, _SOURCE, "-ldl"], check=True)
    return library


def cases_of(calls: list[str], *, every: int, start: int = 0) -> list[Case]:
    """Return the cases: each call with everything that can happen there, followed by either manifest.

    Args:
        calls: the calls' names.
        every: the distance between the cases to take.
        start: how many cases to leave out at the beginning.
    """
    found = [
        Case(at=at, how=how, reverted=reverted)
        for at, name in enumerate(calls, 1)
        for how in _HOWS
        if _can_happen(how, name)
        for reverted in (False, True)
    ]
    return found[start::every]


def _can_happen(how: str, name: str) -> bool:
    match how:
        case "kill":
            return True
        case "torn":
            return name in ("write", "send")
        case _:
            return name in _PROCESS_CALLS


def run(
    *,
    every: int = 1,
    parallelism: int = 1,
    jobs: int = 2,
    only: Case | None = None,
    forget: bool = False,
    verify_first: bool = False,
) -> tuple[list[Found], Counter[str]]:
    """Run the cases.

    Returns:
        The result of each case, and how often an apply without failures makes each kind of call.
    """
    with tempfile.TemporaryDirectory(prefix="fbsync-crashes-") as name:
        workspaces = tuple(f"ws-{number}" for number in range(3_000))
        with Crashes(
            Path(name), workspaces, parallelism=parallelism, forget=forget, verify_first=verify_first
        ) as crashes:
            calls = [] if only is not None else crashes.calls()
            cases = cases_of(calls, every=every) if only is None else [only]
            with ThreadPoolExecutor(jobs) as pool:
                return list(pool.map(crashes.play, cases)), Counter(calls)


def main() -> int:
    """Run the cases; return 1 if there is a violation."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.crashes", description=__doc__)
    parser.add_argument("--every", type=int, default=1, help="run only every n-th case")
    parser.add_argument(
        "--parallelism", type=int, default=1, help="of the applies; 1 makes their calls come in one order"
    )
    parser.add_argument("--jobs", type=int, default=2, help="how many cases to run at a time")
    parser.add_argument("--at", type=int, help="run only this call")
    parser.add_argument("--how", choices=_HOWS, default="kill")
    parser.add_argument("--reverted", action="store_true")
    parser.add_argument(
        "--forget", action="store_true", help="lose the known state after the crash: a control that must fail"
    )
    parser.add_argument("--verify-first", action="store_true", help="pass it to the apply that is ended")
    options = parser.parse_args()
    only = None if options.at is None else Case(at=options.at, how=options.how, reverted=options.reverted)
    found, calls = run(
        every=options.every,
        parallelism=options.parallelism,
        jobs=options.jobs,
        only=only,
        forget=options.forget,
        verify_first=options.verify_first,
    )
    bad = [one for one in found if one.violations]
    for one in bad:
        sys.stdout.write(f"{one.case}: {one.statuses}\n" + "".join(f"  {violation}\n" for violation in one.violations))
    hows = Counter(one.case.how for one in found)
    sys.stdout.write(f"an apply of {calls.total()} calls: {_told(calls)}\n{len(found)} crashes: {_told(hows)}\n")
    sys.stdout.write(f"{len(bad)} violations\n")
    return int(bool(bad))


def _told(counted: Counter[Any]) -> str:
    return ", ".join(f"{number} {name}" for name, number in sorted(counted.items()))


if __name__ == "__main__":
    sys.exit(main())
