"""Anything that is not a file stays as it is: root could otherwise replace /dev/null."""

import os
import stat

import pytest

from fbsync.state.atomic_file import write_atomically


@pytest.mark.parametrize("is_link", [False, True])
def test_a_pipe_is_not_replaced(tmp_path, is_link):
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    path = tmp_path / "link" if is_link else pipe
    if is_link:
        path.symlink_to(pipe)
    with pytest.raises(OSError, match="Not a regular file"):
        write_atomically(path, "text")
    assert stat.S_ISFIFO(pipe.stat().st_mode)
    assert sorted(entry.name for entry in tmp_path.iterdir()) == sorted({pipe.name, path.name})


def test_a_plan_is_not_saved_in_its_place(project):
    pipe = project.folder / "pipe"
    os.mkfifo(pipe)
    done = project("plan", "--out", "pipe")
    assert done.returncode == 1
    assert "Not a regular file" in done.stderr
    assert stat.S_ISFIFO(pipe.stat().st_mode)
    pipe.unlink()


def test_it_is_not_read_either(project):
    """Reading would wait forever for a pipe without a writer, and /dev/zero has no end."""
    pipe = project.folder / ".env.example"
    os.mkfifo(pipe)
    for arguments in (["env", "--write", ".env.example"], ["init"]):
        done = project(*arguments)
        assert done.returncode == 1
        assert ".env.example is not a regular file, so it was left alone" in done.stderr
    pipe.unlink()
