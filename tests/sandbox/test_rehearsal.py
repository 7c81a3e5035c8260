"""Rehearsals repeat: each has a separate known state, in any folder, with or without a real lockfile."""

import json
import os
import sys
from pathlib import Path

import fbsync_process
import pytest
from selection import few_of

FBSYNC = [sys.executable, "-m", "fbsync"]
REPORT = "import json, os; print(json.dumps(dict(os.environ)))"
LOCKFILE = '{"a real": "lockfile"}\n'
MANIFEST = """\
version: 1
workspaceId: $FLASHBACK_WORKSPACE_ID
llms:
  - name: Chat
    aiType: OPENAI
    endpoint: https://api.openai.com/v1
    secret: $OPENAI_API_KEY
environments:
  staging: {}
"""


@pytest.fixture
def rehearse(tmp_path):
    """Run a command with a sandbox, in a folder with a manifest and a real lockfile."""
    folder = tmp_path / "a folder"
    folder.mkdir()
    (folder / "fbsync.yaml").write_text(MANIFEST)
    (folder / "fbsync.lock").write_text(LOCKFILE)

    def run(*arguments, **environment):
        variables = os.environ | {"OPENAI_API_KEY": "made-up-credential"} | environment
        done = fbsync_process.run("sandbox", "run", *arguments, cwd=folder, env=variables)
        assert (folder / "fbsync.lock").read_text() == LOCKFILE
        return done

    run.folder = folder
    return run


def applied(done):
    assert done.returncode == 0, done.stderr
    return done.stdout.rpartition("Resources: ")[2].strip()


@pytest.mark.parametrize("arguments", few_of([[], ["-e", "staging"]], []))
def test_a_rehearsal_repeats_beside_a_real_lockfile_and_leaves_nothing(rehearse, arguments):
    before = sorted(rehearse.folder.iterdir())
    for _ in range(2):
        assert applied(rehearse("--", *FBSYNC, "apply", *arguments)) == "1 added, 0 changed, 0 destroyed."
    assert sorted(rehearse.folder.iterdir()) == before


def test_a_rehearsal_with_a_database_goes_on_where_the_last_one_ended(rehearse):
    run = ["--db", "rehearsal.db", "--", *FBSYNC]
    assert applied(rehearse(*run, "apply")) == "1 added, 0 changed, 0 destroyed."
    assert applied(rehearse(*run, "apply")) == "0 added, 0 changed, 0 destroyed. 1 unchanged."
    assert rehearse(*run, "plan", "--refresh", "--detailed-exitcode").returncode == 0
    assert rehearse(*run, "drift").returncode == 0
    state = rehearse.folder / "rehearsal.db.state"
    assert sorted(path.name for path in state.iterdir() if path.suffix != ".runlock") == ["fbsync.lock", "port"]
    assert state.stat().st_mode & 0o077 == 0
    # The sandbox has forgotten everything, and the known state has not: fbsync creates everything again.
    for path in rehearse.folder.glob("rehearsal.db*"):
        if path.is_file():
            path.unlink()
    assert rehearse(*run, "plan", "--refresh", "--detailed-exitcode").returncode == 2


def test_a_workspace_by_its_id_is_added_by_an_option_that_the_error_names(rehearse):
    """A manifest from `export` names workspaces that only the real server has, so its first rehearsal fails."""
    manifest = MANIFEST.replace("$FLASHBACK_WORKSPACE_ID", "ws-real")
    (rehearse.folder / "fbsync.yaml").write_text(manifest)
    failed = rehearse("--", *FBSYNC, "apply")
    assert failed.returncode == 4
    assert "This sandbox does not have this workspace. Add it with --workspace ID or a seed file" in failed.stderr
    assert applied(rehearse("--workspace", "ws-real", "--", *FBSYNC, "apply")).startswith("1 added")


def test_the_known_state_of_the_environment_is_not_the_rehearsals(rehearse, tmp_path):
    real = tmp_path / "real"
    real.mkdir()
    seen = json.loads(rehearse("--", sys.executable, "-c", REPORT, FBSYNC_STATE=f"file:{real}").stdout)
    kind, _, folder = seen["FBSYNC_STATE"].partition(":")
    assert (kind, folder == str(real)) == ("file", False)
    assert not Path(folder).exists()
    assert applied(rehearse("--", *FBSYNC, "apply", FBSYNC_STATE=f"file:{real}")).startswith("1 added")
    assert list(real.iterdir()) == []


@pytest.mark.parametrize("noted", few_of(["", "no port", "99999", "-1"], "no port"))
def test_a_port_that_was_noted_wrongly_is_passed_over(rehearse, noted):
    state = rehearse.folder / "rehearsal.db.state"
    state.mkdir()
    (state / "port").write_text(noted)
    assert rehearse("--db", "rehearsal.db", "--", "true").returncode == 0
    assert 0 < int((state / "port").read_text()) < 65536


def test_a_folder_for_the_known_state_that_cannot_be_made_is_an_error_that_says_so(rehearse):
    (rehearse.folder / "rehearsal.db.state").write_text("in the way")
    done = rehearse("--db", "rehearsal.db", "--", "true")
    assert done.returncode == 1
    assert "rehearsal.db.state for the rehearsal's known state cannot be used: File exists" in done.stderr
    assert "Traceback" not in done.stderr
