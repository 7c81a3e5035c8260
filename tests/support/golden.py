"""The golden cases: folders with the output and exit code of `fbsync validate`.

``expected.txt`` begins with the command and ends with the exit status. To write the cases again after a change of
words (read the difference before you commit it): ``FBSYNC_UPDATE_CASES=1 pytest tests/manifest/test_cases.py``
"""

import contextlib
import io
import os
import shlex
from dataclasses import dataclass
from pathlib import Path

from fbsync.cli import main

ROOT = Path(__file__).parents[2]
CASES = ROOT / "tests" / "cases"

os.environ.pop("FORCE_COLOR", None)  # CI systems set this, but the cases have no colour


@dataclass(frozen=True)
class Case:
    folder: Path

    @property
    def id(self):
        return str(self.folder.relative_to(CASES))

    @property
    def expected(self):
        return (self.folder / "expected.txt").read_text(encoding="utf-8")

    @property
    def args(self):
        command, _, _ = self.expected.partition("\n")
        return shlex.split(command.removeprefix("$ fbsync "))

    @property
    def manifests(self):
        return sorted(path for path in self.folder.rglob("*.y*ml") if not path.name.startswith("."))

    def run(self, *more):
        with contextlib.chdir(self.folder):
            return run(*self.args, *more)

    def transcript(self):
        code, out, err = self.run()
        assert not err
        return f"$ fbsync {shlex.join(self.args)}\n{out}exit {code}\n"

    def update(self):
        (self.folder / "expected.txt").write_text(self.transcript(), encoding="utf-8")


def run(*args):
    """Run fbsync in this process; return its exit status and its stdout and stderr."""
    with (
        contextlib.redirect_stdout(io.StringIO()) as out,
        contextlib.redirect_stderr(io.StringIO()) as err,
    ):
        code = main([str(arg) for arg in args])
    return int(code), out.getvalue(), err.getvalue()


def cases(kind=""):
    found = [Case(path.parent) for path in sorted((CASES / kind).rglob("expected.txt"))]
    assert found
    return found
