"""Run git in a bare scratch repository that signs in as the checkout does."""

from __future__ import annotations

import os
import re
import signal
import subprocess
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from fbsync.model.errors import ExitCode, FbsyncError
from fbsync.stores.holder import shown

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

_TIMEOUT_SECONDS = 60
_OLDEST = (2, 32)
"""GIT_CONFIG_COUNT came with git 2.31, GIT_CONFIG_GLOBAL with 2.32."""

_MEANS = re.compile(
    r"(?:http|credential|url|ssh|protocol|safe)\..*"
    r"|core\.(?:sshcommand|askpass|gitproxy)"
    r"|remote\..*\.(?:url|pushurl|proxy|proxyauthmethod|receivepack|uploadpack)"
    r"|user\.(?:name|email)",
    re.DOTALL,
)
"""The settings of a checkout that say how to reach a remote."""

_OF_ONE_REPOSITORY = (
    *("GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_PREFIX", "GIT_COMMON_DIR", "GIT_NAMESPACE", "GIT_GRAFT_FILE"),
    *("GIT_OBJECT_DIRECTORY", "GIT_ALTERNATE_OBJECT_DIRECTORIES", "GIT_SHALLOW_FILE", "GIT_NO_REPLACE_OBJECTS"),
    *("GIT_REPLACE_REF_BASE", "GIT_IMPLICIT_WORK_TREE", "GIT_INTERNAL_SUPER_PREFIX", "GIT_QUARANTINE_PATH"),
)
"""Variables that git sets while it runs a hook or an alias. They name a repository that fbsync must not touch."""

_SHORTEST_SECRET = 8
_USERINFO = re.compile(r"(?<=://)[^/@\s'\"]+@")


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    """A git process that has ended.

    Attributes:
        status: its exit status, or None if it was stopped because it took too long.
        out: its standard output.
        words: its standard error, without credentials.
    """

    status: int | None
    out: bytes
    words: str


class Git:
    """Runs git in a scratch repository.

    Args:
        scratch: the bare repository.
        folder: the folder that relative paths in the settings start from.
        environ: the environment of the processes.
        secrets: values that must not be shown, such as those of ``http.extraHeader``.
        settings: git's settings by name. If a name has several values, this is the last one.
    """

    def __init__(
        self,
        scratch: Path,
        *,
        folder: Path,
        environ: Mapping[str, str],
        secrets: Sequence[str],
        settings: Mapping[str, str],
    ) -> None:
        self.settings = settings
        self._scratch = scratch
        self._folder = folder
        self._environ = environ
        self._secrets = secrets

    def run(self, *arguments: str, data: bytes = b"", timeout: float = _TIMEOUT_SECONDS) -> Ended:
        """Run a git command, and stop it if it takes too long."""
        argv = ["git", f"--git-dir={self._scratch}", *arguments]
        return self._masked(_run(argv, folder=self._folder, environ=self._environ, data=data, timeout=timeout))

    def local(self, *arguments: str, data: bytes = b"") -> bytes:
        """Run a git command that needs no network and should not fail, and return its output.

        Raises:
            FbsyncError: it failed anyway, for example because the disk is full.
        """
        ended = self.run(*arguments, data=data)
        if ended.status != 0:
            raise FbsyncError(
                f"git {arguments[0]} failed in a scratch repository: {ended.words or 'it took too long'}",
                hint="check that the folder for temporary files has free space",
            )
        return ended.out

    def _masked(self, ended: Ended) -> Ended:
        words = ended.words
        for secret in self._secrets:
            words = words.replace(secret, "***")
        return Ended(status=ended.status, out=ended.out, words=_USERINFO.sub("***@", words))


@contextmanager
def scratch_git(folder: Path, environ: Mapping[str, str]) -> Iterator[Git]:
    """Make a scratch repository that signs in as a checkout does. It is removed when the context ends.

    The settings are read in the checkout, with includes and conditions resolved. They are passed on in the
    environment, never on a command line or in a file. The checkout itself is not touched.

    Args:
        folder: the checkout or a folder in it. For any other folder, only the user's own settings apply.
        environ: the process's environment.

    Raises:
        FbsyncError: git is missing or too old, or it refuses to read the checkout.
    """
    import tempfile

    _require_git(folder, environ)
    inner = {name: value for name, value in environ.items() if name not in _OF_ONE_REPOSITORY}
    found = _settings(folder, inner)
    top = _run(["git", "rev-parse", "--show-toplevel"], folder=folder, environ=inner)
    with tempfile.TemporaryDirectory(prefix="fbsync-git-") as scratch:
        git = Git(
            Path(scratch),
            folder=Path(os.fsdecode(top.out.rstrip(b"\n"))) if top.status == 0 and top.out.strip() else folder,
            environ=_isolated(inner, found),
            secrets=_secret_values(found),
            settings=dict(found),
        )
        git.local("init", "--quiet", "--bare", "--template=")
        yield git


def _require_git(folder: Path, environ: Mapping[str, str]) -> None:
    hint = "install git 2.32 or newer, or use another store"
    try:
        said = _run(["git", "version"], folder=folder, environ=environ).out.decode(errors="replace")
    except FileNotFoundError as error:
        raise FbsyncError("to keep the state in git, fbsync needs the program git", hint=hint) from error
    numbers = re.search(r"(\d+)\.(\d+)", said)
    if numbers is None or (int(numbers[1]), int(numbers[2])) < _OLDEST:
        raise FbsyncError(f"to keep the state in git, fbsync needs a newer git than {shown(said.strip())}", hint=hint)


def _settings(folder: Path, environ: Mapping[str, str]) -> list[tuple[str, str]]:
    """Return all settings that say how to reach a remote, in git's order."""
    listed = _run(["git", "config", "--list", "-z", "--includes"], folder=folder, environ=environ)
    if listed.status != 0:
        raise FbsyncError(
            f"git cannot read the checkout's settings: {shown(listed.words)}",
            hint="run `git config --list` in the manifest's folder and follow what git says",
            exit_code=ExitCode.INVALID_INPUT,
        )
    pairs = (item.partition("\n") for item in os.fsdecode(listed.out).split("\0") if item)
    return [(name, value if mark else "true") for name, mark, value in pairs if _MEANS.fullmatch(name)]


def _isolated(environ: Mapping[str, str], settings: Sequence[tuple[str, str]]) -> dict[str, str]:
    """Return an environment in which git has only these settings, never prompts, and writes English messages."""
    dropped = re.compile(r"GIT_(?:CONFIG.*|TRACE.*)")
    inner = {name: value for name, value in environ.items() if dropped.fullmatch(name) is None}
    inner |= {
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_CONFIG_GLOBAL": os.devnull,
        "GIT_TERMINAL_PROMPT": "0",
        "LC_ALL": "C",
        "LANGUAGE": "",
    }
    own = [("gc.auto", "0"), ("maintenance.auto", "false"), ("core.hooksPath", os.devnull)]
    numbered = list(enumerate([*settings, *own]))
    for at, (name, value) in numbered:
        inner |= {f"GIT_CONFIG_KEY_{at}": name, f"GIT_CONFIG_VALUE_{at}": value}
    inner["GIT_CONFIG_COUNT"] = str(len(numbered))
    has_ssh = {"GIT_SSH", "GIT_SSH_COMMAND"} & inner.keys() or any(name == "core.sshcommand" for name, _ in settings)
    return inner if has_ssh else inner | {"GIT_SSH_COMMAND": "ssh -o BatchMode=yes"}


def _secret_values(settings: Sequence[tuple[str, str]]) -> list[str]:
    headers = [value for name, value in settings if name.endswith(".extraheader") and value]
    return [*headers, *(word for header in headers for word in header.split()[-1:] if len(word) >= _SHORTEST_SECRET)]


def _run(
    argv: Sequence[str],
    *,
    folder: Path,
    environ: Mapping[str, str],
    data: bytes = b"",
    timeout: float = _TIMEOUT_SECONDS,
) -> Ended:
    """Run a program in a session of its own, so that Ctrl-C does not stop a push halfway."""
    with subprocess.Popen(  # noqa: S603 - fbsync's own arguments, and no shell
        argv,
        cwd=folder,
        env=dict(environ),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        start_new_session=True,
    ) as process:
        try:
            out, err = process.communicate(data, timeout=timeout)
        except BaseException as error:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            out, err = process.communicate()
            if not isinstance(error, subprocess.TimeoutExpired):
                raise
            return Ended(status=None, out=out, words=err.decode(errors="replace"))
    return Ended(status=process.returncode, out=out, words=err.decode(errors="replace"))
