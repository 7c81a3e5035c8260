"""The known state in a git ref, on the command line: commands, and runs that are killed, stopped or refused."""

import json
import os
import shutil
import signal
import subprocess
import threading
import time
from dataclasses import replace

import pytest
import rivals
from cli_world import MANIFEST
from git_over_http import serving
from selection import few_of

import fbsync
from fbsync.sandbox.builtin import ADMIN, WRITER
from fbsync.stores.address import parse_address
from fbsync.stores.document import LeaseClaim, new_nonce
from fbsync.stores.holder import Holder
from fbsync.stores.lease import take
from fbsync.stores.open import opened
from fbsync.stores.swap import StateObject

REF = "refs/fbsync/state/default"
GIT = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
OTHER = Holder(run="https://ci.example.com/runs/7", host="another", process=2)


def git(*arguments, cwd=None):
    command = ["git", "-c", "user.name=A", "-c", "user.email=a@example.com", *map(str, arguments)]
    return subprocess.run(command, cwd=cwd, check=True, capture_output=True, text=True, env=GIT).stdout.strip()


@pytest.fixture
def remote(tmp_path_factory):
    folder = tmp_path_factory.mktemp("remote") / "remote.git"
    git("init", "--quiet", "--bare", folder)
    return folder


@pytest.fixture
def shared(project, remote):
    """A project in a checkout, with its state in the remote."""
    git("init", "--quiet", "--initial-branch=main", project.folder)
    git("remote", "add", "origin", remote, cwd=project.folder)
    project.environment |= {"FBSYNC_STATE": "git", "GIT_CONFIG_GLOBAL": os.devnull, "GITHUB_ACTOR": "ada"}
    assert project("state", "init").returncode == 0
    return project


@pytest.fixture
def state(remote, tmp_path_factory):
    """The state as another run sees it."""
    with opened(parse_address(f"git+{remote}"), folder=tmp_path_factory.mktemp("other"), environ=GIT) as place:
        yield StateObject(place.store("default"))


def lockfile_of(state):
    return json.loads(state.read().state.lockfile)


def names(state):
    return sorted(entry["name"] for entry in lockfile_of(state)["llms"])


def test_an_apply_keeps_its_state_in_the_remote_and_nothing_beside_the_manifest(shared, state, remote, on_server):
    done = shared("apply", "--yes")
    assert done.returncode == 0, done.stderr
    assert names(state) == ["One", "Two"]
    assert (state.read().state.claim, state.read().state.journal) == (None, ())
    assert not [path.name for path in shared.folder.iterdir() if ".lock" in path.name]
    shared("apply", "--yes")  # this run learns from the list that the server masks keys
    before = git("rev-parse", REF, cwd=remote)
    again = shared("apply", "--yes")
    assert "2 unchanged" in again.stdout
    assert git("rev-parse", REF, cwd=remote) == before
    assert len(on_server()) == 2
    planned = shared("plan", "--detailed-exitcode")
    assert planned.returncode == 0
    assert f"git:{REF}" in planned.stdout


def test_another_clone_goes_on_from_the_same_state(shared, remote, on_server, tmp_path_factory):
    assert shared("apply", "--yes").returncode == 0
    other = tmp_path_factory.mktemp("clone") / "clone"
    git("clone", "--quiet", remote, other)
    shutil.copy(shared.folder / "fbsync.yaml", other)
    shared.folder = other
    assert shared("plan", "--detailed-exitcode").returncode == 0
    shared.write("fbsync.yaml", (other / "fbsync.yaml").read_text().replace("one.example.com", "new.example.com"))
    assert shared("apply", "--yes").returncode == 0
    assert on_server()["One"]["endpoint"] == "https://new.example.com/v1"


def test_each_environment_has_a_state_of_its_own(shared, remote):
    text = (shared.folder / "fbsync.yaml").read_text()
    shared.write("fbsync.yaml", f"{text}environments:\n  staging: {{}}\n")
    refused = shared("plan", "-e", "staging")
    assert refused.returncode == 8
    assert "state init" in refused.stderr
    assert shared("state", "init", "-e", "staging").returncode == 0
    assert shared("plan", "-e", "staging").returncode == 0
    assert "refs/fbsync/state/staging" in git("for-each-ref", "--format=%(refname)", cwd=remote)


def test_two_folders_of_one_repository_share_a_state_and_keep_their_entries(shared, state, on_server):
    text = (shared.folder / "fbsync.yaml").read_text()
    for team, name in (("a", "One"), ("b", "Other")):
        shared.write(f"{team}/fbsync.yaml", text.split("  - name: Two")[0].replace("name: One", f"name: {name}"))
        assert shared("apply", "--yes", "-f", f"{team}/fbsync.yaml").returncode == 0
    assert names(state) == ["One", "Other"]
    pruned = shared("apply", "--yes", "--prune", "-f", "a/fbsync.yaml")
    assert pruned.returncode == 0
    assert names(state) == ["One", "Other"]
    shared.folder = shared.folder / "b"
    assert shared("plan", "--prune", "--detailed-exitcode").returncode == 0


@pytest.mark.parametrize("command", [["plan"], ["apply", "--yes"], ["state", "list"], ["drift"], ["state", "pull"]])
def test_a_store_without_a_state_is_not_an_empty_one(project, remote, command, on_server):
    git("init", "--quiet", project.folder)
    git("remote", "add", "origin", remote, cwd=project.folder)
    done = project(*command, env={"FBSYNC_STATE": "git"})
    assert done.returncode == 8
    assert "fbsync state init" in done.stderr
    assert on_server() == {}


def test_a_state_that_was_removed_after_an_apply_is_refused(shared, remote):
    assert shared("apply", "--yes").returncode == 0
    git("update-ref", "-d", REF, cwd=remote)
    assert shared("apply", "--yes").returncode == 8


@pytest.mark.parametrize("command", [["plan"], ["apply", "--yes"], ["state", "list"]])
def test_a_store_that_cannot_be_read_ends_with_4_and_a_way_out(shared, remote, command):
    remote.rename(remote.with_name("gone"))
    done = shared(*command)
    assert done.returncode == 4
    assert "fix:" in done.stderr


def test_without_the_right_to_write_nothing_is_sent(shared, remote, on_server):
    hook = remote / "hooks" / "pre-receive"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text("#!/bin/sh\necho 'state is read only here' >&2\nexit 1\n")
    hook.chmod(0o755)
    done = shared("apply", "--yes")
    assert done.returncode == 4
    assert "state is read only here" in done.stderr
    assert on_server() == {}
    assert shared("plan").returncode == 0


def test_a_damaged_state_is_refused(shared, remote, state):
    version = state.read()
    state.swap(replace(version.state.succeeded(OTHER, claim=None), lockfile="{}"), version.tag)
    for command in (["plan"], ["apply", "--yes"], ["state", "list"]):
        done = shared(*command)
        assert done.returncode == 3
        assert f"git:{REF}" in done.stderr
        assert "-fbsync/" not in done.stderr


def test_an_empty_state_is_called_empty(shared):
    done = shared("state", "list")
    assert done.returncode == 3
    assert f"the state in git:{REF} is empty" in done.stderr


def test_a_state_of_another_server_is_refused_by_its_name(shared):
    assert shared("apply", "--yes").returncode == 0
    done = shared("plan", "--api-url", "https://other.example.com")
    assert done.returncode == 3
    assert f"git:{REF}" in done.stderr


def held(state):
    version = state.read()
    return take(state, version, holder=OTHER)


def test_a_run_under_way_is_named_and_waited_for(shared, state):
    lease = held(state)
    refused = shared("apply", "--yes")
    assert refused.returncode == 7
    assert "https://ci.example.com/runs/7 (process 2 on another)" in refused.stderr
    waiting = shared.process("apply", "--yes", "--lock-timeout", "60")
    while "Waiting" not in (line := waiting.stderr.readline()):
        assert line
    lease.release(lockfile=None, journal=[])
    done = shared.finish(waiting)
    assert done.returncode == 0
    assert names(state) == ["One", "Two"]


def test_a_plan_does_not_wait(shared, state):
    held(state)
    assert shared("plan").returncode == 0


def test_a_killed_runs_lease_is_taken_over(shared, state):
    """The lease is short, so that the test does not wait for minutes."""
    version = state.read()
    claim = LeaseClaim(id=new_nonce(), seconds=1)
    state.swap(version.state.succeeded(OTHER, claim=claim), version.tag)
    done = shared("apply", "--yes", "--lock-timeout", "60")
    assert done.returncode == 0
    assert names(state) == ["One", "Two"]


def test_unlock_ends_a_lease(shared, state):
    held(state)
    refused = shared("state", "unlock")
    assert refused.returncode == 1
    assert shared("state", "unlock", "--yes").returncode == 0
    assert shared("apply", "--yes").returncode == 0
    assert "No run has locked" in shared("state", "unlock").stderr


def until(condition):
    deadline = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_a_run_that_is_killed_after_its_requests_is_settled_from_another_clone(
    shared, state, server, remote, on_server, tmp_path_factory
):
    """The answers are held back, so the store has the intents but not the outcomes."""
    with server.holding():
        run = shared.process("apply", "--yes")
        until(lambda: len(on_server()) == 2)
        run.kill()
        shared.finish(run)
    assert state.read().state.claim is not None
    assert any('"intent"' in line for line in state.read().state.journal)
    other = tmp_path_factory.mktemp("clone") / "clone"
    git("clone", "--quiet", remote, other)
    shutil.copy(shared.folder / "fbsync.yaml", other)
    shared.folder = other
    assert shared("state", "unlock", "--yes").returncode == 0
    done = shared("apply", "--yes")
    assert done.returncode == 0, done.stdout + done.stderr
    assert len(on_server()) == 2
    assert names(state) == ["One", "Two"]
    assert state.read().state.journal == ()


def test_a_stopped_run_that_was_taken_over_records_nothing_and_ends_with_7(shared, state, server, on_server):
    with server.holding():
        run = shared.process("apply", "--yes")
        until(lambda: len(on_server()) == 2)
        os.kill(run.pid, signal.SIGSTOP)
    assert shared("state", "unlock", "--yes").returncode == 0
    assert shared("apply", "--yes").returncode == 0
    theirs = state.read()
    os.kill(run.pid, signal.SIGCONT)
    done = shared.finish(run)
    assert done.returncode == 7
    assert "took over the state" in done.stdout + done.stderr
    assert state.read() == theirs
    assert len(on_server()) == 2


def test_a_store_that_goes_away_midway_leaves_a_rescue_file_that_the_next_run_reads(
    shared, state, server, remote, on_server
):
    with server.holding():
        run = shared.process("apply", "--yes")
        until(lambda: len(on_server()) == 2)
        remote.rename(remote.with_name("away"))
    done = shared.finish(run)
    assert done.returncode == 1
    assert "the known state is in" in done.stderr
    remote.with_name("away").rename(remote)
    assert shared("state", "unlock", "--yes").returncode == 0
    again = shared("apply", "--yes")
    assert again.returncode == 0, again.stderr
    assert len(on_server()) == 2
    assert names(state) == ["One", "Two"]


def test_a_state_that_changes_between_plan_and_apply_is_planned_again(shared, state, server, on_server):
    """The other run starts while this one lists the server's workspaces."""
    with server.holding("GET"):
        run = shared.process("apply", "--yes")
        until(lambda: [request for request in server.requests if request.path.startswith("/ai/llm")])
        version = state.read()
        state.swap(version.state.succeeded(OTHER, claim=None), version.tag)
    done = shared.finish(run)
    assert done.returncode == 0
    assert "planning again" in done.stderr
    assert names(state) == ["One", "Two"]
    assert len(on_server()) == 2


def test_a_state_that_is_rolled_back_creates_nothing_twice(shared, state, remote, on_server):
    initial = state.read().tag
    assert shared("apply", "--yes").returncode == 0
    before = on_server()
    git("update-ref", REF, initial, cwd=remote)
    done = shared("apply", "--yes")
    assert done.returncode == 8
    assert "--adopt" in done.stdout + done.stderr
    assert shared("apply", "--yes", "--adopt").returncode == 0
    assert {name: row["id"] for name, row in on_server().items()} == {name: row["id"] for name, row in before.items()}
    assert names(state) == ["One", "Two"]


def test_a_state_that_is_rolled_back_during_a_run_is_not_overwritten(shared, state, server, remote, on_server):
    initial = state.read().tag
    with server.holding():
        run = shared.process("apply", "--yes")
        until(lambda: len(on_server()) == 2)
        git("update-ref", REF, initial, cwd=remote)
    assert shared.finish(run).returncode == 7
    assert state.read().tag == initial


def test_a_run_that_is_killed_before_its_intents_are_stored_sent_nothing(shared, state, remote, on_server):
    """The remote accepts the lease, and is slow to accept the next push."""
    hook = remote / "hooks" / "pre-receive"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text("#!/bin/sh\n[ -e taken ] || { touch taken; exit 0; }\ntouch second; sleep 60\n")
    hook.chmod(0o755)
    run = shared.process("apply", "--yes")
    until((remote / "second").exists)
    run.kill()
    shared.finish(run)
    assert on_server() == {}
    assert (state.read().state.journal, state.read().state.claim is None) == ((), False)
    hook.unlink()
    assert shared("state", "unlock", "--yes").returncode == 0
    assert shared("apply", "--yes").returncode == 0
    assert len(on_server()) == 2


def test_of_two_that_start_at_once_both_end_well_and_nothing_is_created_twice(shared, state, server, on_server):
    runs = [shared.process("apply", "--yes", "--lock-timeout", "60") for _ in range(2)]
    done = [shared.finish(run) for run in runs]
    assert [one.returncode for one in done] == [0, 0], [one.stderr for one in done]
    assert len(on_server()) == 2
    assert len([request for request in server.requests if request.method == "POST"]) == 2
    assert names(state) == ["One", "Two"]


def test_a_store_that_is_away_at_the_end_leaves_a_rescue_file_and_the_outcomes(shared, state, remote, on_server):
    hook = remote / "hooks" / "pre-receive"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text(
        "#!/bin/sh\nread old new ref\ngit log -1 --format=%B $new | grep -q 'Fbsync-State: closed' && exit 1\nexit 0\n"
    )
    hook.chmod(0o755)
    done = shared("apply", "--yes", "--result", "result.json")
    assert done.returncode == 1
    assert "the known state is in" in done.stderr
    outcomes = json.loads((shared.folder / "result.json").read_text())["entries"]
    assert ["created" in entry.values() for entry in outcomes] == [True, True]
    hook.unlink()
    assert shared("state", "unlock", "--yes").returncode == 0
    again = shared("apply", "--yes")
    assert again.returncode == 0, again.stderr
    assert len(on_server()) == 2
    assert names(state) == ["One", "Two"]


def test_entries_are_listed_shown_and_forgotten(shared, state):
    assert shared("apply", "--yes").returncode == 0
    assert "One" in shared("state", "list").stdout
    assert "one.example.com" in shared("state", "show", "One").stdout
    assert shared("state", "forget", "One", "--yes").returncode == 0
    assert names(state) == ["Two"]


def test_migrating_moves_the_files_and_leaves_a_stub(project, remote, state, on_server):
    git("init", "--quiet", project.folder)
    git("remote", "add", "origin", remote, cwd=project.folder)
    assert project("apply", "--yes").returncode == 0
    before = (project.folder / "fbsync.lock").read_text()
    moved = project("state", "migrate", "--state", "git")
    assert moved.returncode == 0, moved.stderr
    assert state.read().state.lockfile == before
    stale = project("plan")
    assert stale.returncode == 3
    assert "newer than this fbsync" in stale.stderr
    assert project("plan", "--detailed-exitcode", "--state", "git").returncode == 0
    back = project("state", "migrate", "--state", "git", "--back")
    assert back.returncode == 0, back.stderr
    assert (project.folder / "fbsync.lock").read_text() == before
    assert project("plan", "--state", "git").returncode == 8
    assert project("plan", "--detailed-exitcode").returncode == 0


def test_a_second_init_or_migration_changes_nothing(shared, state):
    before = state.read()
    assert shared("state", "init").returncode == 1
    shared.write("fbsync.lock", "{")
    assert shared("state", "migrate").returncode == 3
    assert state.read() == before


def test_an_earlier_state_is_brought_back(shared, state):
    assert shared("apply", "--yes").returncode == 0
    shared("state", "forget", "One", "--yes")
    listed = shared("state", "history").stdout.splitlines()
    assert len(listed) == 3
    assert all("ada, process" in line for line in listed)
    applied = listed[1].split()[0]
    pulled = shared("state", "pull", "--at", applied)
    shared.write("earlier.json", pulled.stdout)
    tag = pulled.stderr.split("tag: ")[1].strip()
    assert shared("state", "push", "earlier.json", "--tag", "0" * 40).returncode == 7
    assert names(state) == ["Two"]
    assert shared("state", "push", "earlier.json", "--tag", tag).returncode == 0
    assert names(state) == ["One", "Two"]
    assert shared("state", "push", "earlier.json").returncode == 64
    late = shared("state", "push", "earlier.json", "--tag", "0" * 40)
    assert late.returncode == 7
    assert "pass the tag that this prints" in late.stderr


def test_what_is_pushed_is_read_strictly(shared, state):
    before = state.read()
    shared.write("bad.json", '{"version": 1}')
    assert shared("state", "push", "bad.json", "--force").returncode == 3
    assert state.read() == before


def in_manifest(cli, line):
    text = (cli.folder / "fbsync.yaml").read_text()
    cli.write("fbsync.yaml", text.replace("version: 1\n", f"version: 1\n{line}\n"))
    cli.environment.pop("FBSYNC_STATE")


@pytest.mark.parametrize(
    "line", few_of(["state: git", 'state: "git"', "state : 'git'  # shared", "state:\tgit"], "state : 'git'  # shared")
)
def test_the_manifest_may_say_where_the_state_is(shared, state, line):
    in_manifest(shared, line)
    done = shared("apply", "--yes")
    if done.returncode == 3:  # YAML does not allow a tab here
        assert "\t" in line
        return
    assert done.returncode == 0, done.stderr
    assert names(state) == ["One", "Two"]
    assert "One" in shared("state", "list").stdout
    assert shared("validate").returncode == 0


def test_the_environment_and_the_options_win_over_the_manifest(shared, state):
    in_manifest(shared, "state: git")
    before = state.read()
    (shared.folder / "here").mkdir()
    assert shared("apply", "--yes", env={"FBSYNC_STATE": "file:here"}).returncode == 0
    assert shared("plan", "--detailed-exitcode", "--state", "file:here").returncode == 0
    here = ("plan", "--lock-file", "here/fbsync.lock")
    for said in ({}, {"FBSYNC_STATE": "git"}):
        planned = shared(*here, "--detailed-exitcode", env=said)
        assert planned.returncode == 0
        assert "Compared with here/fbsync.lock;" in planned.stdout
    both = shared(*here, "--state", "git")
    assert both.returncode == 64
    assert "--lock-file and --state disagree" in both.stderr
    assert state.read() == before


def test_an_empty_state_that_moves_back_is_gone_and_leaves_no_file(shared, state):
    done = shared("state", "migrate", "--back")
    assert done.returncode == 0
    assert "It was empty, so there is no fbsync.lock." in done.stderr
    assert state.read() is None
    assert not list(shared.folder.glob("*.lock*"))


@pytest.mark.parametrize(
    ("manifest", "rule"),
    [
        ("{version: 1, state: git, workspaceId: ws, llms: []}\n", "state-not-seen"),
        ('version: 1\n"state": git\nworkspaceId: ws\nllms: []\n', "state-not-seen"),
        ("version: 1\nstate:\n  git\nworkspaceId: ws\nllms: []\n", "state-not-seen"),
        ("version: 1\nstate: nowhere\nworkspaceId: ws\nllms: []\n", ""),
        ("version: 1\nstate: [git]\nworkspaceId: ws\nllms: []\n", ""),
        ("version: 1\nstate: s3://$A_BUCKET/x\nworkspaceId: ws\nllms: []\n", "state-address"),
        ("version: 1\nstate: git+https://u:p@example.com/x\nworkspaceId: ws\nllms: []\n", "state-address"),
    ],
)
def test_a_state_that_cannot_be_seen_or_understood_is_refused(shared, manifest, rule):
    shared.environment.pop("FBSYNC_STATE")
    shared.write("fbsync.yaml", manifest)
    done = shared("plan", "--format", "json")
    assert done.returncode == 3
    assert rule in done.stdout or rule == "state-address"
    checked = shared("validate", "--format", "json")
    assert checked.returncode == 3
    assert rule in checked.stdout


def test_files_that_disagree_about_the_state_are_refused(shared):
    shared.environment.pop("FBSYNC_STATE")
    for name, place in (("one", "git"), ("two", "file:here")):
        shared.write(f"both/{name}.yaml", f"version: 1\nstate: {place}\nworkspaceId: ws\nllms: []\n")
    done = shared("plan", "-f", "both", "--format", "json")
    assert done.returncode == 3
    assert "several-states" in done.stdout


def test_destroying_an_environment_empties_its_state(shared, state, on_server):
    assert shared("apply", "--yes").returncode == 0
    done = shared("destroy", "--yes")
    assert done.returncode == 0, done.stderr
    assert "The empty state stays in git:refs/fbsync/state/default: `fbsync state remove` removes it." in done.stderr
    assert (names(state), on_server()) == ([], {})
    assert state.read().state.claim is None
    assert shared("destroy", "--yes").returncode == 0


def test_an_empty_state_is_removed_when_its_environment_is_gone(shared, remote, on_server):
    def refs():
        return git("for-each-ref", "--format=%(refname)", cwd=remote).split()

    shared.write("fbsync.yaml", f"{MANIFEST}environments: {{pr-123: {{}}}}\n")
    assert shared("state", "init", "-e", "pr-123").returncode == 0
    assert shared("apply", "-e", "pr-123", "--yes").returncode == 0
    refused = shared("state", "remove", "-e", "pr-123")
    assert refused.returncode == 8
    assert "still has 2 entries; nothing was changed" in refused.stderr
    assert "`fbsync state remove -e pr-123`" in shared("destroy", "-e", "pr-123", "--yes").stderr
    assert len(refs()) == 2
    removed = shared("state", "remove", "-e", "pr-123")
    assert removed.returncode == 0, removed.stderr
    assert "Removed the state in git:refs/fbsync/state/pr-123." in removed.stderr
    assert refs() == ["refs/fbsync/state/default"]
    for command in ("apply", "destroy", "plan"):
        assert shared(command, "-e", "pr-123").returncode == 8  # a missing state is not an empty one
    assert shared("state", "remove", "-e", "pr-123").returncode == 8
    assert shared("state", "init", "-e", "pr-123").returncode == 0


def test_a_state_that_somebody_holds_or_that_is_unfinished_is_not_removed(shared, state):
    version = state.read()
    lease = take(state, version, holder=OTHER)
    assert shared("state", "remove").returncode == 7
    lease.release(lockfile=None, journal=['{"open": 1}'])
    refused = shared("state", "remove")
    assert refused.returncode == 8
    assert "the journal of a run that did not finish" in refused.stderr
    assert state.read() is not None


def test_a_removal_that_the_remote_refuses_leaves_the_state_free(shared, state, remote):
    hook = remote / "hooks" / "update"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text("#!/bin/sh\ncase $3 in *[!0]*) exit 0;; esac\necho states are kept here >&2\nexit 1\n")
    hook.chmod(0o755)
    refused = shared("state", "remove")
    assert refused.returncode == 4, refused.stderr
    assert "does not allow this" in refused.stderr
    assert "(hook declined) states are kept here" in refused.stderr
    assert state.read().state.claim is None


def test_a_destroy_that_another_run_overtakes_plans_again_and_takes_it_all(shared, state, server, on_server):
    """Another run replaces the state between the plan and the first swap; destroy deletes what the new state has."""
    assert shared("apply", "--yes").returncode == 0
    server.requests.clear()
    with server.holding("GET"):
        destroying = shared.process("destroy", "--yes")
        until(lambda: [request for request in server.requests if request.path.startswith("/ai/llm")])
        version = state.read()
        known = json.loads(version.state.lockfile)
        known["llms"] = [entry for entry in known["llms"] if entry["name"] == "One"]
        latest = version.state.succeeded(OTHER, claim=None)
        state.swap(latest.holding(lockfile=json.dumps(known, indent=2) + "\n", journal=()), version.tag)
    done = shared.finish(destroying)
    assert done.returncode == 0, done.stderr
    assert "Another run changed the state in the meantime; planning again." in done.stderr
    assert (names(state), set(on_server())) == ([], {"Two"})


def doctored(cli):
    done = cli("doctor", "--format", "json")
    return {check["what"]: check for check in json.loads(done.stdout)["checks"]}


def test_the_doctor_looks_at_the_store(shared, state, remote):
    assert shared("apply", "--yes").returncode == 0
    found = doctored(shared)
    assert {found["store"]["health"], found["writing to the store"]["health"], found["lockfile"]["health"]} == {"ok"}
    assert f"git:{REF}" in found["lockfile"]["detail"]
    assert git("for-each-ref", "--format=%(refname)", cwd=remote) == REF
    held(state)
    assert "https://ci.example.com/runs/7" in doctored(shared)["lease"]["detail"]
    hook = remote / "hooks" / "pre-receive"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text("#!/bin/sh\necho 'read only here' >&2\nexit 1\n")
    hook.chmod(0o755)
    assert "read only here" in doctored(shared)["writing to the store"]["detail"]
    remote.rename(remote.with_name("gone"))
    found = doctored(shared)
    assert (found["store"]["health"], found["known state"]["health"]) == ("problem", "not_checked")


@pytest.mark.parametrize(
    ("address", "code"), [("nowhere", 3), ("git:main", 3), ("s3://id:secret@bucket", 3), ("file:", 3)]
)
def test_an_address_that_is_none_is_refused(project, address, code):
    done = project("plan", "--state", address)
    assert done.returncode == code
    assert "secret" not in done.stdout + done.stderr


@pytest.fixture
def killed_before_its_requests(shared, state, remote, on_server):
    """A run that was killed after the store had its intents, but before the run knew that."""
    hook = remote / "hooks" / "post-receive"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text("#!/bin/sh\n[ -e taken ] || { touch taken; exit 0; }\ntouch second; sleep 60\n")
    hook.chmod(0o755)
    run = shared.process("apply", "--yes")
    until((remote / "second").exists)
    run.kill()
    shared.finish(run)
    hook.unlink()
    assert on_server() == {}
    assert sum('"intent"' in line for line in state.read().state.journal) == 2
    assert shared("state", "unlock", "--yes").returncode == 0
    return shared


@pytest.mark.parametrize(
    ("user", "endpoint"), [(WRITER, "https://one.example.com/v1"), (ADMIN, "https://elsewhere.example.com")]
)
def test_what_others_create_under_the_name_of_an_intent_that_was_not_sent_stays_theirs(
    killed_before_its_requests, state, sandbox, workspace, server, on_server, user, endpoint
):
    """No machine can know that the request was not sent. Time, user, type and endpoint show whose it is."""
    fields = {"name": "One", "workspaceId": workspace, "aiType": "OPENAI", "endpoint": endpoint}
    assert rivals.create(sandbox, fields, user=user) == 200
    theirs = on_server()["One"]
    done = killed_before_its_requests("apply", "--yes")
    assert done.returncode in {5, 8}
    assert "--adopt" in done.stdout + done.stderr
    assert on_server()["One"] == theirs
    assert not [request for request in server.requests if request.method == "PUT"]


def test_intents_that_were_not_sent_are_sent_by_the_next_run(killed_before_its_requests, state, on_server):
    done = killed_before_its_requests("apply", "--yes")
    assert done.returncode == 0, done.stdout + done.stderr
    assert (names(state), sorted(on_server()), state.read().state.journal) == (["One", "Two"], ["One", "Two"], ())


@pytest.mark.parametrize("seconds", few_of(["0", "60", "x", "-1", "1.5", "86401"], "60", "x"))
def test_a_lease_must_outlast_a_request(shared, on_server, seconds):
    done = shared("apply", "--yes", env={"FBSYNC_LEASE_SECONDS": seconds})
    assert done.returncode == 3
    assert "FBSYNC_LEASE_SECONDS" in done.stderr
    assert on_server() == {}


@pytest.fixture
def library(shared):
    """Load the project with the library, as a program in the checkout does."""

    def load(**options):
        variables = {**shared.environment, **shared.credentials}
        return fbsync.load(shared.folder / "fbsync.yaml", variables=variables, **options)

    return load


def test_the_library_works_on_a_shared_state(shared, state, library, on_server):
    assert [type(change).__name__ for change in fbsync.plan(library()).plan.changes] == ["Create", "Create"]
    applied = fbsync.apply(library())
    assert applied.exit_code == 0
    assert names(state) == ["One", "Two"]
    assert (state.read().state.claim, state.read().state.journal) == (None, ())
    assert fbsync.plan(library(), refresh=True).plan.is_empty
    assert not fbsync.drift(library()).is_found
    assert not [path.name for path in shared.folder.iterdir() if ".lock" in path.name]
    assert shared("plan", "--detailed-exitcode").returncode == 0


def test_the_library_reads_where_the_manifest_says_that_its_state_is(shared, state, library, on_server):
    in_manifest(shared, "state: git")
    assert fbsync.apply(library()).exit_code == 0
    assert names(state) == ["One", "Two"]
    assert len(on_server()) == 2


def test_the_library_names_who_holds_a_state_and_waits(shared, state, library):
    lease = held(state)
    with pytest.raises(fbsync.FbsyncError, match=r"example\.com/runs/7") as caught:
        fbsync.apply(library())
    assert caught.value.exit_code == 7
    threading.Timer(0.5, lambda: lease.release(lockfile=None, journal=[])).start()
    assert fbsync.apply(library(), lock_timeout=60).exit_code == 0


def test_the_library_plans_again_where_the_state_changes_meanwhile(shared, state, server, library):
    asked = []

    def other_run(request):
        if request.path.startswith("/ai/llm") and not asked:
            asked.append(request)
            version = state.read()
            state.swap(version.state.succeeded(OTHER, claim=None), version.tag)

    server.replies = other_run
    assert fbsync.apply(library()).exit_code == 0
    assert asked
    assert names(state) == ["One", "Two"]


def test_a_plan_of_a_fork_needs_no_credential_and_its_apply_sends_nothing(shared, remote, on_server, tmp_path_factory):
    """The job of a pull request has a checkout of the base repository over HTTP, which anybody may read."""
    assert shared("apply", "--yes").returncode == 0
    before = git("rev-parse", REF, cwd=remote)
    text = (shared.folder / "fbsync.yaml").read_text().replace("one.example.com", "new.example.com")
    fork = tmp_path_factory.mktemp("fork") / "clone"
    git("config", "http.receivepack", "true", cwd=remote)
    with serving(remote.parent, user="x", password="a-password", anyone_reads=True) as url:
        git("clone", "--quiet", f"{url}/{remote.name}", fork)
        (fork / "fbsync.yaml").write_text(text)
        shared.folder = fork
        without = {"FLASHBACK_TOKEN": None, "SECRET_ONE": None, "SECRET_TWO": None, "KEY_TWO": None}
        planned = shared("plan", "--detailed-exitcode", env=without)
        assert planned.returncode == 2, planned.stderr
        assert "https://new.example.com/v1" in planned.stdout
        refused = shared("apply", "--yes")
    assert refused.returncode == 4, refused.stderr
    assert on_server()["One"]["endpoint"] == "https://one.example.com/v1"
    assert git("rev-parse", REF, cwd=remote) == before
