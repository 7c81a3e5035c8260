"""The run lock without support from the operating system."""

import errno
import fcntl

import pytest

from fbsync.model.errors import FbsyncError
from fbsync.state.runlock import run_lock, run_lock_path


@pytest.mark.parametrize("number", [errno.ENOLCK, errno.EOPNOTSUPP, errno.ENOSYS])
def test_a_file_system_without_locks_is_named(tmp_path, monkeypatch, number):
    def refuse(_descriptor, _operation):
        raise OSError(number, "No locks available")

    monkeypatch.setattr(fcntl, "flock", refuse)
    with (
        pytest.raises(FbsyncError, match="its file system does not support locks") as caught,
        run_lock(tmp_path / "l", timeout=0),
    ):
        pass
    assert "local disk" in caught.value.hint


@pytest.mark.parametrize("timeout", [0, 0.05])
def test_a_lock_is_held_once_and_leaves_nothing(tmp_path, timeout):
    lockfile = tmp_path / "fbsync.lock"
    with run_lock(lockfile, timeout=0):
        with pytest.raises(FbsyncError) as caught, run_lock(lockfile, timeout=timeout):
            pass
        assert caught.value.exit_code == 7
    assert not run_lock_path(lockfile).exists()
