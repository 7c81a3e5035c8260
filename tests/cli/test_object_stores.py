"""The known state in buckets, on the command line: each command, and stores that refuse, fail or lose answers."""

import json
import os
import shutil
import signal
import time
from itertools import count

import pytest
from object_stores import azurite_server, moto_server
from selection import few_of

from benchmarks.chaos_store_gate import StoreFault, store_gate
from fbsync.stores.address import parse_address
from fbsync.stores.holder import Holder
from fbsync.stores.lease import take
from fbsync.stores.open import opened
from fbsync.stores.swap import StateObject

__all__ = ["azurite_server", "moto_server"]

OTHER = Holder(run="https://ci.example.com/runs/7", host="another", process=2)
_prefixes = count(1)


class Bucket:
    """A place in an object store. Projects reach it through a gate; the test reaches it directly."""

    def __init__(self, server, gate, address):
        self.environment = {**server.environment(gate.url), "FBSYNC_STATE": address}
        self.gate = gate
        self.address = address

    def fails(self, kind, *, chance=1.0, spares_reads=False):
        self.gate.kinds, self.gate.chance, self.gate.spares_reads = (kind,), chance, spares_reads

    def works(self):
        self.gate.chance = 0.0

    def read(self):
        with opened(parse_address(self.address), folder=None, environ=os.environ) as place:
            return StateObject(place.store("default")).read()

    def held(self):
        with opened(parse_address(self.address), folder=None, environ=os.environ) as place:
            state = StateObject(place.store("default"))
            take(state, state.read(), holder=OTHER)

    def names(self):
        return sorted(entry["name"] for entry in json.loads(self.read().state.lockfile)["llms"])


@pytest.fixture(params=few_of(["s3", "azure"], "s3"))
def bucket(request, monkeypatch):
    server = request.getfixturevalue({"s3": "moto_server", "azure": "azurite_server"}[request.param])
    for name, value in server.environment().items():
        monkeypatch.setenv(name, value)
    with store_gate(server.url) as gate:
        yield Bucket(server, gate, f"{server.address}/cli-{os.getpid()}-{next(_prefixes)}")


@pytest.fixture
def shared(project, bucket):
    """A project whose state is in a bucket."""
    project.environment |= bucket.environment
    done = project("state", "init")
    assert done.returncode == 0, done.stderr
    return project


def on_another_machine(project, tmp_path_factory):
    """The same manifest in another folder, which shares only the bucket."""
    folder = tmp_path_factory.mktemp("another")
    shutil.copy(project.folder / "fbsync.yaml", folder)
    project.folder = folder
    project.environment["HOME"] = str(folder)


def until(condition):
    deadline = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_every_command_works_on_a_bucket(shared, bucket, on_server, tmp_path_factory):
    done = shared("apply", "--yes")
    assert done.returncode == 0, done.stderr
    assert bucket.names() == ["One", "Two"]
    assert (bucket.read().state.claim, bucket.read().state.journal) == (None, ())
    assert not [path.name for path in shared.folder.iterdir() if ".lock" in path.name]
    on_another_machine(shared, tmp_path_factory)
    assert shared("plan", "--detailed-exitcode").returncode == 0
    assert shared("drift").returncode == 0
    assert "One" in shared("state", "list").stdout
    assert f"{bucket.address}/default.json" in shared("state", "show", "One", "--format", "json").stdout
    found = shared("doctor")
    assert "conditional writes work" in found.stdout + found.stderr
    assert shared("state", "history").returncode == 64
    pulled = shared("state", "pull")
    tag = pulled.stderr.removeprefix("tag: ").strip()
    shared.write("state.json", pulled.stdout)
    assert shared("state", "forget", "One", "--yes").returncode == 0
    assert bucket.names() == ["Two"]
    assert shared("state", "push", "state.json", "--tag", tag).returncode == 7
    assert shared("state", "push", "state.json", "--force").returncode == 0
    assert bucket.names() == ["One", "Two"]
    assert shared("state", "remove").returncode == 8
    assert shared("destroy", "--yes").returncode == 0
    assert (bucket.names(), on_server()) == ([], {})
    assert shared("state", "remove").returncode == 0
    assert bucket.read() is None


def test_a_lockfile_moves_into_a_bucket_and_back(project, bucket):
    assert project("apply", "--yes").returncode == 0
    before = project.lockfile["llms"]
    project.environment |= bucket.environment
    assert project("state", "migrate").returncode == 0
    assert bucket.names() == ["One", "Two"]
    assert project("plan", "--detailed-exitcode").returncode == 0
    assert project("plan", env={"FBSYNC_STATE": None}).returncode == 3
    assert project("state", "migrate", "--back").returncode == 0
    assert (bucket.read(), project.lockfile["llms"]) == (None, before)
    assert project("plan", "--detailed-exitcode", env={"FBSYNC_STATE": None}).returncode == 0


def test_a_run_that_is_killed_between_intent_and_outcome_is_settled_by_another_machine(
    shared, bucket, server, on_server, tmp_path_factory
):
    with server.holding():
        run = shared.process("apply", "--yes")
        until(lambda: len(on_server()) == 2)
        run.kill()
        shared.finish(run)
    assert any('"intent"' in line for line in bucket.read().state.journal)
    before = {row["id"] for row in on_server().values()}
    on_another_machine(shared, tmp_path_factory)
    refused = shared("apply", "--yes")
    assert refused.returncode == 7
    assert shared("state", "unlock", "--yes").returncode == 0
    done = shared("apply", "--yes")
    assert done.returncode == 0, done.stdout + done.stderr
    assert {row["id"] for row in on_server().values()} == before
    assert (bucket.names(), bucket.read().state.journal) == (["One", "Two"], ())


def test_a_run_under_way_is_named(shared, bucket):
    bucket.held()
    refused = shared("apply", "--yes")
    assert refused.returncode == 7
    assert "https://ci.example.com/runs/7 (process 2 on another)" in refused.stderr
    assert shared("plan").returncode == 0


def test_a_stopped_run_that_was_taken_over_records_nothing_and_ends_with_7(shared, bucket, server, on_server):
    with server.holding():
        run = shared.process("apply", "--yes", "--timeout", "1", env={"FBSYNC_LEASE_SECONDS": "2"})
        until(lambda: len(on_server()) == 2)
        os.kill(run.pid, signal.SIGSTOP)
    assert shared("apply", "--yes", "--lock-timeout", "60").returncode == 0
    theirs = bucket.read()
    os.kill(run.pid, signal.SIGCONT)
    assert shared.finish(run).returncode == 7
    assert bucket.read() == theirs
    assert len(on_server()) == 2


def test_two_starts_at_once_create_everything_once(shared, bucket, on_server):
    runs = [shared.process("apply", "--yes", "--lock-timeout", "60") for _ in range(2)]
    done = [shared.finish(run) for run in runs]
    assert [each.returncode for each in done] == [0, 0], [each.stderr for each in done]
    assert sum("2 added" in each.stdout for each in done) == 1
    assert (bucket.names(), sorted(on_server())) == (["One", "Two"], ["One", "Two"])


def test_without_the_right_to_write_nothing_is_sent(shared, bucket, on_server):
    bucket.fails(StoreFault.DENIED, spares_reads=True)
    done = shared("apply", "--yes")
    assert done.returncode == 4
    assert "does not allow" in done.stderr
    assert on_server() == {}
    assert shared("plan").returncode == 0


def test_a_store_that_is_down_at_the_start_ends_every_command_with_4(shared, bucket, on_server):
    bucket.fails(StoreFault.REFUSED)
    for command in (["plan"], ["apply", "--yes"], ["state", "list"]):
        done = shared(*command)
        assert done.returncode == 4
        assert "fix:" in done.stderr
    assert on_server() == {}


@pytest.mark.parametrize("when", ["midway", "at the end"])
def test_a_store_that_goes_down_leaves_the_outcomes_and_a_rescue_file(shared, bucket, server, on_server, when):
    with server.holding():
        number = 2 if when == "at the end" else 1
        run = shared.process("apply", "--yes", "--result", "result.json", "--parallelism", str(number))
        until(lambda: len(on_server()) == number)
        bucket.fails(StoreFault.REFUSED)
    done = shared.finish(run)
    assert done.returncode == 1
    assert "the known state is in" in done.stderr
    result = json.loads((shared.folder / "result.json").read_text())
    assert result["exit_code"] == 1
    assert {entry["id"] for entry in result["entries"] if entry["id"]} == {row["id"] for row in on_server().values()}
    bucket.works()
    assert shared("state", "unlock", "--yes").returncode == 0
    again = shared("apply", "--yes")
    assert again.returncode == 0, again.stderr
    assert (bucket.names(), sorted(on_server())) == (["One", "Two"], ["One", "Two"])


@pytest.mark.parametrize("kind", [StoreFault.LOST, StoreFault.LOST_503])
def test_answers_of_writes_that_are_lost_lose_nothing(shared, bucket, on_server, kind):
    bucket.fails(kind, spares_reads=True)
    done = shared("apply", "--yes")
    assert done.returncode == 0, done.stderr
    bucket.works()
    assert (bucket.names(), bucket.read().state.claim, len(on_server())) == (["One", "Two"], None, 2)


def test_a_bucket_that_is_not_there_is_no_empty_state(project, bucket, on_server):
    project.environment |= bucket.environment
    missing = bucket.address.replace("conformance", "missing")
    for command in (["state", "init"], ["plan"], ["apply", "--yes"]):
        done = project(*command, env={"FBSYNC_STATE": missing})
        assert done.returncode == 4, done.stdout + done.stderr
        assert "create the bucket" in done.stderr
    assert on_server() == {}


def test_a_store_that_ignores_conditions_is_refused(project, moto_server):
    with store_gate(moto_server.url, honest=False) as gate:
        address = f"{moto_server.address}/dishonest-{os.getpid()}"
        project.environment |= {**moto_server.environment(gate.url), "FBSYNC_STATE": address}
        done = project("state", "init")
        assert done.returncode == 4
        assert "cannot keep a state safely" in done.stderr
        assert "cannot keep a state safely" in (found := project("doctor")).stdout + found.stderr
