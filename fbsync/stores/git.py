"""A ref of a git remote as a store. It is read by a fetch and written by a push that expects the old value.

Each write is a commit with a nonce. Without it, two equal commits would be the same commit to git, and it would refuse
neither push. While a run is in progress, each of its commits replaces the one before; all have the last closed state as
their parent. The commit that closes the run stays as history.
"""

from __future__ import annotations

import secrets
import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING

from fbsync.model.errors import ExitCode, FbsyncError
from fbsync.stores.git_answers import check_push, unreachable
from fbsync.stores.holder import shown
from fbsync.stores.protocol import Conflict, Snapshot

if TYPE_CHECKING:
    from collections.abc import Callable

    from fbsync.stores.git_program import Git

FILE = "state.json"
_TIP = "refs/fbsync/tip"
_OPEN = "Fbsync-State: open"
_CLOSED = "Fbsync-State: closed"
_AUTHOR = (("name", "fbsync"), ("email", "fbsync@localhost"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Description:
    """The commit message of a state.

    Attributes:
        subject: the first line.
        is_closed: whether no run is in progress, so that the commit stays.
    """

    subject: str
    is_closed: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Revision:
    """A commit of a state.

    Attributes:
        id: the commit's id.
        when: when it was made, by the committer's clock, in ISO 8601.
        subject: the first line of its message.
    """

    id: str
    when: str
    subject: str


class GitRef:
    """A ref of a git remote that has one file.

    Args:
        git: the scratch repository.
        remote: the remote for git's command line: a name from the settings, or a URL.
        ref: the ref's full name.
        describe: returns the commit message for a content.
    """

    def __init__(self, git: Git, *, remote: str, ref: str, describe: Callable[[bytes], Description]) -> None:
        self._git = git
        self._remote = remote
        self._ref = ref
        self._describe = describe
        self._lock = threading.Lock()

    @property
    def name(self) -> str:
        """The ref, as messages show it."""
        return f"git:{self._ref}"

    def read(self) -> Snapshot | None:
        """Read the file at the ref: see ``fbsync.stores.protocol``."""
        with self._lock:
            commit = self.fetch(depth=2)
            return None if commit is None else Snapshot(data=self.content(commit), tag=commit)

    def write(self, data: bytes, tag: str | None) -> str:
        """Push a commit if the ref is still where it was: see ``fbsync.stores.protocol``."""
        with self._lock:
            commit = self._commit(data, tag)
            lease = f"--force-with-lease={self._ref}:{tag or ''}"
            ended = self._git.run("push", "--porcelain", lease, self._remote, f"{commit}:{self._ref}")
            check_push(ended, commit, self.name)
            return commit

    def remove(self) -> None:
        """Delete the ref: see ``fbsync.stores.protocol``."""
        with self._lock:
            ended = self._git.run("push", "--porcelain", self._remote, f":{self._ref}")
            if ended.status != 0 and "remote ref does not exist" not in ended.words:
                raise unreachable(ended, self.name)

    def fetch(self, *, depth: int) -> str | None:
        """Fetch the ref with up to ``depth`` commits. Return the newest one, or None if the ref does not exist.

        Raises:
            Denied: the remote refuses.
            Unavailable: the remote cannot be reached.
        """
        refspec = f"+{self._ref}:{_TIP}"
        ended = self._git.run("fetch", "--quiet", "--no-tags", f"--depth={depth}", self._remote, refspec)
        if ended.status == 0:
            return self._git.local("rev-parse", "--verify", _TIP).decode().strip()
        if "couldn't find remote ref" in ended.words:
            return None
        raise unreachable(ended, self.name)

    def history(self, *, most: int) -> tuple[Revision, ...]:
        """List the states that finished runs left, newest first. The state of a run in progress comes before them.

        Args:
            most: how many to list at most.

        Raises:
            Denied: the remote refuses.
            Unavailable: the remote cannot be reached.
        """
        with self._lock:
            if self.fetch(depth=most) is None:
                return ()
            log = self._git.local("log", f"--max-count={most}", "--format=%H%x00%cI%x00%s", _TIP)
        rows = (line.split("\0") for line in log.decode(errors="replace").splitlines())
        return tuple(Revision(id=commit, when=when, subject=shown(subject)) for commit, when, subject in rows)

    def at(self, revision: str, *, most: int) -> bytes:
        """Return the state of an earlier commit, by its id or the start of its id.

        Args:
            revision: the id.
            most: how many commits to search.

        Raises:
            FbsyncError: there is no such commit (exit 3), or the remote cannot be read.
        """
        found = [known.id for known in self.history(most=most) if known.id.startswith(revision)]
        if len(found) != 1 or not revision:
            raise FbsyncError(
                f"{self.name} has no single commit {shown(revision)!r} in its newest {most}",
                hint="use one from `fbsync state history`",
                exit_code=ExitCode.INVALID_INPUT,
            )
        with self._lock:
            return self.content(found[0])

    def content(self, commit: str) -> bytes:
        """Return the file of a commit that was fetched.

        Raises:
            FbsyncError: fbsync did not make this commit (exit 3).
        """
        ended = self._git.run("cat-file", "blob", f"{commit}:{FILE}")
        if ended.status != 0:
            raise FbsyncError(
                f"the commit {commit[:12]} of {self._ref} has no {FILE}, so fbsync did not create it",
                hint="use another ref: state: git:REF",
                exit_code=ExitCode.INVALID_INPUT,
            )
        return ended.out

    def _commit(self, data: bytes, tag: str | None) -> str:
        """Make the commit for a write, and return its id.

        Raises:
            Conflict: the tag names no version that was read here.
        """
        about = self._describe(data)
        blob = self._git.local("hash-object", "-w", "--stdin", data=data).decode().strip()
        tree = self._git.local("mktree", data=f"100644 blob {blob}\t{FILE}\n".encode()).decode().strip()
        mark = _CLOSED if about.is_closed else _OPEN
        message = f"{about.subject}\n\n{mark}\nFbsync-Nonce: {secrets.token_hex(16)}\n"
        parents = [f"-p{parent}" for parent in ([] if tag is None else self._last_closed(tag))]
        name, email = (self._git.settings.get(f"user.{part}") or other for part, other in _AUTHOR)
        author = ("-c", f"user.name={name}", "-c", f"user.email={email}")
        made = self._git.run(*author, "commit-tree", tree, *parents, data=message.encode())
        if made.status != 0:
            raise FbsyncError(
                f"git cannot make a commit: {shown(made.words)}", hint="check git's user.name and user.email"
            )
        return made.out.decode().strip()

    def _last_closed(self, tag: str) -> list[str]:
        """Return the parents of the next commit: this commit if it closed a run, otherwise this commit's parents."""
        ended = self._git.run("cat-file", "commit", tag)
        if ended.status != 0:
            raise Conflict(self.name)
        head, _, message = ended.out.decode(errors="replace").partition("\n\n")
        if _OPEN not in message.splitlines():
            return [tag]
        return [line.removeprefix("parent ") for line in head.splitlines() if line.startswith("parent ")]
