"""Concurrent runs, and failing disks."""

import json
import resource
import signal
import socket
import subprocess
import sys

import fbsync_process
import plain_http
import pytest
import rivals
from cli_world import MANIFEST
from recorder import Reply


def hold(server, seconds=1.5):
    """Make the first creation slow."""
    first = iter([Reply(body={}, processed=True, delay=seconds, status=500)])
    server.replies = lambda request: next(first, None) if request.method == "POST" else None


def wait_for_a_write(server, process):
    while not server.writes:
        assert process.poll() is None


def delete(sandbox, llm_id):
    """Delete a configuration as somebody else does."""
    headers = {"Authorization": f"Bearer {sandbox.token}"}
    assert plain_http.delete(f"{sandbox.url}/ai/llm/{llm_id}", headers=headers).status_code == 200


def in_a_mount(project, name, *arguments):
    """Run Python with a file that is a mount point, as in containers."""
    mount = ["unshare", "--map-root-user", "--mount", "sh", "-c", 'mount --bind "$0" "$0" && exec "$@"', name]
    options = {"cwd": project.folder, "capture_output": True, "text": True}
    try:
        can = subprocess.run([*mount, "true"], check=False, **options).returncode == 0
    except FileNotFoundError:
        can = False
    if not can:
        pytest.skip("nothing can be mounted here")
    command = [*mount, sys.executable, *arguments]
    return subprocess.run(command, check=False, env=project.environment | project.credentials, **options)


class TestTwoRuns:
    def test_the_second_is_refused_and_told_who_holds_the_lockfile(self, project, server):
        hold(server)
        first = project.process("apply")
        wait_for_a_write(server, first)
        second = project("apply")
        assert second.returncode == 7
        assert f"process {first.pid} on {socket.gethostname()}, for " in second.stderr
        assert "--lock-timeout" in second.stderr
        assert project.finish(first).returncode == 0
        assert not (project.folder / "fbsync.lock.run").exists()

    def test_the_second_waits_where_it_may(self, project, server, on_server):
        hold(server)
        first = project.process("apply")
        wait_for_a_write(server, first)
        second = project("apply", "--lock-timeout", "60")
        assert second.returncode == 0
        assert "2 unchanged" in second.stdout
        assert project.finish(first).returncode == 0
        assert len(on_server()) == 2

    def test_a_dead_holder_is_none(self, project, server, on_server):
        hold(server, seconds=0.5)
        first = project.process("apply")
        wait_for_a_write(server, first)
        first.send_signal(signal.SIGKILL)
        project.finish(first)
        assert (project.folder / "fbsync.lock.run").exists()
        assert project("apply").returncode == 0
        assert not (project.folder / "fbsync.lock.run").exists()
        assert len(on_server()) == 2

    def test_two_environments_do_not_wait_for_each_other(self, project, server):
        project.write("fbsync.yaml", MANIFEST + "environments: {staging: {workspaceId: ws-shared-7}}\n")
        hold(server)
        first = project.process("apply")
        wait_for_a_write(server, first)
        assert project("apply", "-e", "staging").returncode == 0
        assert project.finish(first).returncode == 0

    def test_a_plan_does_not_wait(self, project, server):
        hold(server)
        first = project.process("apply")
        wait_for_a_write(server, first)
        assert project("plan").returncode == 0
        assert project.finish(first).returncode == 0


class TestRival:
    """Another user creates a configuration with the name, type and endpoint that a run is about to create."""

    def refuse_to_overwrite(self, project, server, on_server):
        theirs = on_server()["One"]
        server.replies = lambda request: None
        writes = len(server.writes)
        done = project("apply")
        assert done.returncode == 8
        assert f'"One" (workspace {theirs["workspaceId"]}) is already on the server (id {theirs["id"]})' in done.stderr
        assert len(server.writes) == writes
        assert on_server()["One"] == theirs
        assert project("apply", "--adopt").returncode == 0
        assert on_server()["One"]["id"] == theirs["id"]
        assert {llm["id"] for llm in project.lockfile["llms"]} == {row["id"] for row in on_server().values()}
        assert not (project.folder / "fbsync.lock.journal").exists()

    def test_whose_creation_comes_first_while_ours_is_killed(self, project, server, sandbox, on_server):
        hold(server, seconds=0.5)
        process = project.process("apply", "--parallelism", "1")
        wait_for_a_write(server, process)
        process.send_signal(signal.SIGKILL)
        project.finish(process)
        ours = on_server()
        delete(sandbox, ours["One"]["id"])
        fields = {name: ours["One"][name] for name in ("name", "aiType", "endpoint", "workspaceId")}
        assert rivals.create(sandbox, fields) == 200
        self.refuse_to_overwrite(project, server, on_server)

    @pytest.mark.parametrize("refresh", [(), ("--no-refresh",)])
    @pytest.mark.parametrize("status", [500, 502, 503])
    def test_whose_creation_comes_first_while_ours_gets_no_certain_answer(
        self, project, server, sandbox, on_server, status, refresh
    ):
        def rival_is_first(request):
            if request.method == "POST" and request.body.get("name") == "One":
                assert rivals.create(sandbox, {**request.body, "secret": "made-up-by-the-rival"}) == 200
                return Reply(status=status, body=b"<html>", processed=True)
            return None

        server.replies = rival_is_first
        done = project("apply", *refresh)
        assert done.returncode == 5
        assert f"somebody else created or changed it in the meantime (id {on_server()['One']['id']})" in done.stdout
        self.refuse_to_overwrite(project, server, on_server)

    def test_what_was_deleted_outside_and_is_created_again(self, project, server, sandbox, on_server):
        assert project("apply").returncode == 0
        delete(sandbox, on_server()["One"]["id"])

        def rival_is_first(request):
            if request.method == "POST":
                assert rivals.create(sandbox, {**request.body, "secret": "made-up-by-the-rival"}) == 200
                return Reply(status=502, body=b"<html>", processed=True)
            return None

        server.replies = rival_is_first
        assert project("apply").returncode == 5
        theirs = on_server()["One"]
        server.replies = lambda request: None
        assert project("apply").returncode == 8
        assert on_server()["One"] == theirs


class TestDisk:
    def test_a_lockfile_whose_folder_goes_away_is_rescued(self, project, server, on_server):
        """What the server did is not lost: fbsync reports it and writes it elsewhere, and the next run finds it."""
        folder = project.folder / "state"
        folder.mkdir()

        def take_the_folder_away(request):
            if request.writes and folder.exists():
                folder.rename(project.folder / "gone")

        server.replies = take_the_folder_away
        done = project("apply", "--lock-file", "state/fbsync.lock")
        assert done.returncode == 1
        assert "the lockfile state/fbsync.lock cannot be written" in done.stderr
        assert "the known state is in" in done.stderr
        (rescued,) = (project.folder / ".local" / "state" / "fbsync").iterdir()
        for row in on_server().values():
            assert row["id"] in rescued.read_text()
        server.replies = lambda request: None
        folder.mkdir()
        writes = len(server.writes)
        refused = project("apply", "--lock-file", "state/fbsync.lock")
        assert refused.returncode == 3
        assert "belongs to a different lockfile" in refused.stderr
        (project.folder / "gone/fbsync.lock.journal").rename(folder / "fbsync.lock.journal")
        assert project("apply", "--lock-file", "state/fbsync.lock").returncode == 0
        assert len(server.writes) == writes
        known = json.loads((folder / "fbsync.lock").read_text())["llms"]
        assert {llm["id"] for llm in known} == {row["id"] for row in on_server().values()}
        assert list((project.folder / ".local" / "state" / "fbsync").iterdir()) == []

    @pytest.mark.parametrize("room", [300, 700, 1100])
    def test_a_disk_without_room_says_what_was_done(self, project, server, on_server, room):
        """The process may write only this many bytes to a file, which looks like a full disk."""
        limited = project.process(
            "apply",
            *("--parallelism", "1"),
            env={"PYTHONDONTWRITEBYTECODE": "1"},  # otherwise Python leaves truncated compiled modules
            preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (room, room)),
        )
        done = project.finish(limited)
        assert done.returncode in (1, 5)
        for row in on_server().values():
            assert row["id"] in done.stdout + done.stderr
        assert project("apply", "--adopt").returncode == 0
        assert len(on_server()) == 2
        assert {llm["id"] for llm in project.lockfile["llms"]} == {row["id"] for row in on_server().values()}
        writes = len(server.writes)
        assert project("apply").returncode == 0
        assert len(server.writes) == writes

    @pytest.mark.parametrize("name", ["fbsync.lock", "fbsync.lock.journal"])
    def test_a_link_in_the_place_of_the_known_state_is_refused(self, project, server, name):
        target = project.write("profile", "precious")
        (project.folder / name).symlink_to("profile")
        done = project("apply")
        assert done.returncode == 3
        assert f"{name} cannot be read: it is a symbolic link" in done.stderr
        assert target.read_text() == "precious"
        assert server.requests == []

    @pytest.mark.parametrize(
        "words", [("plan", "--out"), ("apply", "--yes", "--events"), ("apply", "--yes", "--result")]
    )
    def test_what_a_run_is_to_write_is_not_written_through_a_link(self, project, words):
        """A pull request can read in the pipeline's text how such a file is called, and put a link there."""
        target = project.write("profile", "precious")
        (project.folder / "named.json").symlink_to("profile")
        done = project(*words, "named.json")
        assert done.returncode == 1
        assert "named.json cannot be" in done.stderr
        assert "ymbolic link" in done.stderr
        assert target.read_text() == "precious"

    def test_events_go_to_a_device_of_the_run(self, project):
        done = project("apply", "--yes", "--format", "json", "--events", "/dev/stderr")
        assert done.returncode == 0
        assert '"event"' in done.stderr

    @pytest.mark.parametrize("name", ["fbsync.lock", "a lock, with\\blanks.lock"])
    def test_a_lockfile_that_is_mounted_by_itself_is_refused_before_the_first_request(self, project, server, name):
        assert project("apply", "--lock-file", name).returncode == 0
        before = (project.folder / name).read_bytes()
        text = (project.folder / "fbsync.yaml").read_text()
        project.write("fbsync.yaml", text.replace("one.example.com/v1", "one.example.com/v2"))
        requests = len(server.requests)
        done = in_a_mount(project, name, "-m", "fbsync", "apply", "--lock-file", name)
        assert done.returncode == 1
        assert "is a mount point" in done.stderr
        assert "mount its folder instead" in done.stderr
        assert (len(server.requests), (project.folder / name).read_bytes()) == (requests, before)
        assert in_a_mount(project, name, "-m", "fbsync", "plan", "--lock-file", name).returncode == 0
        assert project("apply", "--lock-file", name).returncode == 0

    def test_a_file_that_is_mounted_after_the_check_is_left_as_it_was(self, project):
        """The rename over the mount point fails, and fbsync explains that."""
        project.write("fbsync.lock", "before")
        code = "from pathlib import Path; from fbsync.state import atomic_file as f; "
        done = in_a_mount(
            project, "fbsync.lock", "-c", code + "f.write_atomically(Path('fbsync.lock'), 'x', follow=False)"
        )
        assert "is a mount point" in done.stderr
        assert (project.folder / "fbsync.lock").read_text() == "before"
        assert not list(project.folder.glob(".fbsync.lock.*"))

    def test_a_run_lock_that_is_a_hard_link_is_not_written_to(self, project, server):
        target = project.write("precious", "precious")
        (project.folder / "fbsync.lock.run").hardlink_to(target)
        done = project("apply")
        assert done.returncode == 1
        assert "it is a hard link to another file" in done.stderr
        assert target.read_text() == "precious"
        assert server.requests == []

    def test_a_run_lock_that_is_a_link_is_not_followed(self, project, server):
        target = project.write("precious", "precious")
        (project.folder / "fbsync.lock.run").symlink_to("precious")
        done = project("apply")
        assert done.returncode == 1
        assert "lock cannot be taken" in done.stderr
        assert target.read_text() == "precious"
        assert server.requests == []

    def test_a_reader_that_goes_away_does_not_stop_the_run(self, project, server, on_server):
        hold(server, seconds=0.5)
        process = project.process("apply", "--yes")
        wait_for_a_write(server, process)
        process.stdout.close()
        process.stdout = None
        assert process.wait(60) == 1
        stderr = process.stderr.read()
        process.stderr.close()
        assert "Traceback" not in stderr
        assert "BrokenPipe" not in stderr
        assert {llm["id"] for llm in project.lockfile["llms"]} == {row["id"] for row in on_server().values()}
        assert len(on_server()) == 2

    def test_stdout_on_a_full_disk_does_not_lose_the_lockfile(self, project, on_server):
        with open("/dev/full", "w") as full:  # noqa: PTH123 - a device
            variables = {**project.environment, **project.credentials}
            done = fbsync_process.run("apply", cwd=project.folder, env=variables, stdout=full)
        assert done.returncode == 1
        assert "Traceback" not in done.stderr
        known = project.lockfile["llms"] if (project.folder / "fbsync.lock").exists() else []
        assert {llm["id"] for llm in known} == {row["id"] for row in on_server().values()}
