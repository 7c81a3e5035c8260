"""Stores for tests: in memory or in a shared folder, honest or not, with lost answers."""

import fcntl
import hashlib
import threading
from contextlib import contextmanager

from fbsync.stores.protocol import Conflict, Snapshot, Unavailable, UnknownOutcome


class MemoryStore:
    """One object in memory. Threads may share it."""

    def __init__(self, name="memory:object"):
        self.name = name
        self.writes = 0
        self._held = None
        self._lock = threading.Lock()

    def read(self):
        with self._lock:
            return self._held

    def write(self, data, tag):
        with self._lock:
            if (None if self._held is None else self._held.tag) != tag:
                raise Conflict(self.name)
            self.writes += 1
            self._held = Snapshot(data=data, tag=str(self.writes))
            return self._held.tag

    def remove(self):
        with self._lock:
            self._held = None


class FolderStore:
    """One object in a file. Processes may share it."""

    def __init__(self, path):
        self.name = f"folder:{path}"
        self._path = path

    def read(self):
        with self._locked():
            return self._read()

    def write(self, data, tag):
        with self._locked():
            held = self._read()
            if (None if held is None else held.tag) != tag:
                raise Conflict(self.name)
            count = 1 if tag is None else int(tag.split("-")[0]) + 1
            self._path.write_bytes(b"%d\n" % count + data)
            return self._read().tag

    def remove(self):
        with self._locked():
            self._path.unlink(missing_ok=True)

    def _read(self):
        if not self._path.exists():
            return None
        count, _, data = self._path.read_bytes().partition(b"\n")
        return Snapshot(data=data, tag=f"{count.decode()}-{hashlib.sha256(data).hexdigest()}")

    @contextmanager
    def _locked(self):
        with self._path.with_suffix(".lock").open("w") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            yield


class IgnoresConditions(MemoryStore):
    """A store that accepts every write."""

    def write(self, data, tag):
        self._held = Snapshot(data=data, tag=hashlib.sha256(data).hexdigest())
        return self._held.tag


class IgnoresMatches(IgnoresConditions):
    """A store that checks creations but not versions."""

    def write(self, data, tag):
        if (tag is None) != (self._held is None):
            raise Conflict(self.name)
        return super().write(data, tag)


class IgnoresAbsence(MemoryStore):
    """A store that checks conditions only while there is an object."""

    def write(self, data, tag):
        return super().write(data, None if self._held is None else tag)


class EqualIsNoChange(MemoryStore):
    """A store that treats a write of equal content as done, as git does with equal commits."""

    def write(self, data, tag):
        if self._held is not None and self._held.data == data:
            return self._held.tag
        return super().write(data, tag)


class AnswersStale(MemoryStore):
    """A store that answers a read with the previous version, like a cache."""

    def write(self, data, tag):
        self._stale = self._held
        return super().write(data, tag)

    def read(self):
        return getattr(self, "_stale", None)


DISHONEST = (IgnoresConditions, IgnoresMatches, IgnoresAbsence, EqualIsNoChange, AnswersStale)


class Troubled:
    """A store whose calls fail according to a script.

    Args:
        store: the store.
        script: one word for each call of read and write, in order. "well"; "lost": the call is carried out, but its
            answer is lost; "dropped": it is not carried out, and its outcome is unknown; "down": the store cannot be
            reached; an exception: it is raised. Calls after the end of the script succeed.
    """

    def __init__(self, store, script=()):
        self.store = store
        self.name = store.name
        self.script = list(script)

    def read(self):
        self._before()
        return self.store.read()

    def write(self, data, tag):
        word = self._before()
        if word == "dropped":
            raise UnknownOutcome(self.name, "no answer")
        written = self.store.write(data, tag)
        if word == "lost":
            raise UnknownOutcome(self.name, "no answer")
        return written

    def remove(self):
        self.store.remove()

    def _before(self):
        word = self.script.pop(0) if self.script else "well"
        if isinstance(word, Exception):
            raise word
        if word == "down":
            raise Unavailable(self.name, "connection refused", hint="wait")
        return word
