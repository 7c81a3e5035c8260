"""The examples run unchanged: each in a copy of its folder, against its own sandbox."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from cli_world import ROOT

EXAMPLES = ROOT / "examples"


@pytest.fixture
def run(tmp_path):
    """Run a command in a copy of an example's folder, with fbsync on the PATH and nothing else of this session."""

    def run_in(example, *command, env=None):
        folder = tmp_path / example
        if not folder.exists():
            subprocess.run(["cp", "-r", EXAMPLES / example, folder], check=True)
        bin_folder = Path(sys.executable).parent
        environment = {"PATH": f"{bin_folder}:{os.environ['PATH']}", "HOME": str(tmp_path), **(env or {})}
        done = subprocess.run(
            command, cwd=folder, env=environment, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False
        )
        assert "Traceback" not in done.stdout + done.stderr
        return done

    return run_in


CREDENTIALS = {
    "OPENAI_API_KEY": "canary-openai",
    "ANTHROPIC_API_KEY": "canary-anthropic",
    "GEMINI_API_KEY": "canary-gemini",
}


@pytest.mark.parametrize("manifest", sorted(EXAMPLES.rglob("*.yaml")), ids=lambda path: path.parent.name)
def test_every_manifest_is_valid_and_says_where_its_schema_is(run, manifest):
    done = run(manifest.parent.name, "fbsync", "validate", "--strict", "-f", str(manifest))
    assert done.returncode == 0, done.stdout
    first = manifest.read_text().splitlines()[0]
    schema = manifest.parent / first.removeprefix("# yaml-language-server: $schema=")
    assert schema.resolve() == ROOT / "schemas" / "fbsync.schema.json"


def test_the_quickstarts_next_steps_work_as_they_are(run):
    """A newcomer copies these lines one after the other, and has no credential yet."""
    steps = re.findall(r"^  \d\. .+?: +(.+)$", (EXAMPLES / "quickstart" / "run.sh").read_text(), re.MULTILINE)
    done = run("quickstart", "sh", "-euc", " && ".join(steps[1:3]))
    assert done.returncode == 0, done.stderr
    assert "Resources: 1 added, 0 changed, 0 destroyed." in done.stdout


@pytest.mark.thorough
def test_the_library_plans_and_applies(run):
    def sync(**env):
        return run("library", "fbsync", "sandbox", "run", "--", sys.executable, "sync.py", env=env)

    steps = ["Create: Chat", "Create: Summaries", "created Chat", "created Summaries"]
    for _ in range(2):
        done = sync(OPENAI_API_KEY="canary-openai", ANTHROPIC_API_KEY="canary-anthropic")
        assert done.returncode == 0, done.stderr
        assert done.stdout.splitlines() == steps
        assert "canary" not in done.stdout + done.stderr
    missing = sync(OPENAI_API_KEY="canary-openai")
    assert missing.returncode == 3
    assert "ANTHROPIC_API_KEY" in missing.stderr


@pytest.mark.thorough
def test_apply_in_ci_commits_the_lockfile(run, tmp_path):
    def git(*args):
        return run("apply-in-ci", "git", "-c", "user.name=t", "-c", "user.email=t@example.com", *args)

    remote = tmp_path / "remote.git"
    subprocess.run(["git", "init", "--quiet", "--bare", "--initial-branch=main", remote], check=True)
    identity = {
        f"GIT_{role}_{what}": f"{what.lower()}@example.com"
        for role in ("AUTHOR", "COMMITTER")
        for what in ("NAME", "EMAIL")
    }
    git("init", "--quiet", "--initial-branch=main")
    git("add", ".")
    git("commit", "--quiet", "--message", "first")
    git("remote", "add", "origin", str(remote))
    git("push", "--quiet", "--set-upstream", "origin", "main")
    sandboxed = ("fbsync", "sandbox", "run", "--")
    rehearsal = run("apply-in-ci", *sandboxed, "sh", "apply.sh", env=CREDENTIALS | identity)
    assert rehearsal.returncode == 0, rehearsal.stderr
    assert git("status", "--porcelain").stdout == ""
    # With the lockfile next to the manifest, as with a real server.
    done = run("apply-in-ci", *sandboxed, "env", "-u", "FBSYNC_STATE", "sh", "apply.sh", env=CREDENTIALS | identity)
    assert done.returncode == 0, done.stderr
    assert "Resources: 2 added" in done.stdout
    pushed = subprocess.run(
        ["git", "-C", remote, "show", "main:fbsync.lock"], capture_output=True, text=True, check=True
    )
    assert '"name": "Production OpenAI"' in pushed.stdout
    assert "canary" not in pushed.stdout + done.stdout + done.stderr


def test_plan_in_pull_requests_needs_nothing(run):
    done = run("plan-in-pull-requests", "sh", "plan.sh")
    assert done.returncode == 0, done.stderr
    assert "Plan: 2 to add, 0 to change, 0 to destroy." in done.stdout
    assert "${AWS_REGION}.amazonaws.com (not set: $AWS_REGION)" in done.stdout
    assert done.stdout.endswith("Merging this pull request makes the changes above.\n")


@pytest.mark.thorough
def test_bootstrap_environment_sets_staging_up(run):
    done = run("bootstrap-environment", "fbsync", "sandbox", "run", "--", "sh", "bootstrap.sh", env=CREDENTIALS)
    assert done.returncode == 0, done.stderr
    assert "OPENAI_API_KEY: set (environment)" in done.stdout
    assert "Chat: created" in done.stdout
    assert "Resources: 1 added" in done.stdout
