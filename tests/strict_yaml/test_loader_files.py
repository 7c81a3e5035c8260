"""The loader reads regular files; everything else is a finding."""

from __future__ import annotations

import os
import socket
import threading
from pathlib import Path

import pytest

from fbsync.model.findings import Finding, Position
from fbsync.strict_yaml.loader import read_document
from fbsync.strict_yaml.source_bytes import can_be_read_again, read_bytes


def rule_of(path: Path) -> str:
    document = read_document(path, shown_as="shown.yaml")
    (finding,) = document.findings
    assert finding.position == Position(file="shown.yaml")
    assert finding.remedy
    assert document.value is None
    return finding.rule


def test_a_file(tmp_path):
    path = tmp_path / "m.yaml"
    path.write_bytes(b"a: 1\n")
    document = read_document(path, shown_as="shown.yaml")
    assert (document.file, document.value, document.findings, document.source) == ("shown.yaml", {"a": 1}, (), "a: 1\n")


def test_a_link_to_a_file(tmp_path):
    (tmp_path / "m.yaml").write_bytes(b"a: 1\n")
    (tmp_path / "link").symlink_to("m.yaml")
    assert read_document(tmp_path / "link", shown_as="link").value == {"a": 1}


def test_nothing_there(tmp_path):
    assert rule_of(tmp_path / "m.yaml") == "file-missing"
    (tmp_path / "file").touch()
    assert rule_of(tmp_path / "file" / "m.yaml") == "file-missing"
    assert rule_of(Path("a\0b")) == "file-missing"


def test_a_link_to_itself(tmp_path):
    (tmp_path / "loop").symlink_to("loop")
    assert rule_of(tmp_path / "loop") == "file-unreadable"


def test_a_name_that_is_too_long(tmp_path):
    assert rule_of(tmp_path / ("n" * 5000)) == "file-unreadable"


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_file_without_permission(tmp_path):
    (tmp_path / "m.yaml").touch(mode=0)
    assert rule_of(tmp_path / "m.yaml") == "file-unreadable"


def test_a_folder(tmp_path):
    assert rule_of(tmp_path) == "not-a-file"


def test_a_pipe_that_nobody_writes_to(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    found = read_bytes(tmp_path / "pipe", shown_as="shown.yaml", patience=0.01)
    assert isinstance(found, Finding)
    assert (found.rule, found.message) == ("file-unreadable", "nothing was written to the pipe for 0.01 seconds")


def test_a_named_pipe(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    writer = threading.Thread(target=(tmp_path / "pipe").write_bytes, args=(b"a: " + b"x" * 200_000,))
    writer.start()
    assert read_document(tmp_path / "pipe", shown_as="shown.yaml").value == {"a": "x" * 200_000}
    writer.join()


def test_a_pipe_of_a_shell_gives_the_same_each_time():
    reading, writing = os.pipe()
    os.write(writing, b"a: 1\n")
    os.close(writing)
    path = Path(f"/dev/fd/{reading}")
    assert [read_document(path, shown_as="shown.yaml").value for _ in range(2)] == [{"a": 1}] * 2
    os.close(reading)


def test_a_named_pipe_cannot_be_read_again_and_anything_else_can(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "file").touch()
    assert not can_be_read_again(tmp_path / "pipe")
    assert can_be_read_again(tmp_path / "file")
    assert can_be_read_again(tmp_path / "nothing")


def test_a_pipe_without_end(tmp_path):
    reading, writing = os.pipe()
    os.set_blocking(writing, False)
    written = os.write(writing, b"#" * 1_000_000)
    found = read_bytes(Path(f"/dev/fd/{reading}"), shown_as="shown.yaml", largest=written - 1)
    assert isinstance(found, Finding)
    assert found.rule == "file-too-large"
    os.close(reading)
    os.close(writing)


def test_a_socket(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)  # a socket's path must be short
    with socket.socket(socket.AF_UNIX) as server:
        server.bind("socket")
        assert rule_of(Path("socket")) == "not-a-file"


@pytest.mark.parametrize("device", ["/dev/null", "/dev/zero", "/dev/tty"])
def test_devices(device):
    assert rule_of(Path(device)) == "not-a-file"


def test_a_file_of_100_megabytes(tmp_path):
    with (tmp_path / "m.yaml").open("wb") as file:
        file.truncate(100 * 1024 * 1024)
    assert rule_of(tmp_path / "m.yaml") == "file-too-large"


def test_a_file_that_says_it_is_empty_and_is_not():
    document = read_document(Path("/proc/self/status"), shown_as="status")
    assert "Name:" in document.source
