"""The recipes that keep the known state in a ref: run step by step, with nothing pushed to a branch."""

import json
import os
import shutil
import subprocess
import sys

import pytest
import yaml
from git_over_http import serving
from runner import CREDENTIALS, ROOT, git

pytest_plugins = ["recipe_world"]

EXAMPLE = ROOT / "examples" / "shared-state"
WORKFLOW = EXAMPLE / "github-actions" / "fbsync-apply.yml"
GITLAB = EXAMPLE / "gitlab-ci" / ".gitlab-ci.yml"


@pytest.fixture
def initialized(world):
    """The states of the manifest and of its environment, as a user creates them in a clone."""
    for environment in ([], ["-e", "staging"]):
        command = [sys.executable, "-m", "fbsync", "state", "init", "--state", "git", *environment]
        subprocess.run(command, cwd=world.mine, check=True, env={**os.environ, "PYTHONPATH": str(ROOT)})
    return world


def names(world, environment="default"):
    text = git("--git-dir", world.remote, "show", f"refs/fbsync/state/{environment}:state.json")
    return sorted(entry["name"] for entry in json.loads(json.loads(text)["lockfile"])["llms"])


@pytest.mark.thorough
def test_github_applies_and_pushes_to_no_branch(initialized, box):
    account = {"FLASHBACK_EMAIL": box.admin.email, "FLASHBACK_PASSWORD": box.admin.password}
    for _ in range(2):
        runner = initialized.runner(secrets=account | CREDENTIALS, environment={"FLASHBACK_API_URL": box.url})
        runner.keeps_credentials = True
        for result in runner.run(WORKFLOW):
            assert result.succeeded, result.log
    assert "No changes" in result.log
    assert names(initialized) == names(initialized, "staging") == ["Production Claude", "Production OpenAI"]
    assert initialized.history == ["first"]


@pytest.mark.thorough
def test_gitlab_applies_with_the_token_of_the_project_and_pushes_to_no_branch(initialized, box, tmp_path):
    text = yaml.safe_load(GITLAB.read_text())
    (tmp_path / "bin").mkdir()
    fbsync = tmp_path / "bin" / "fbsync"
    fbsync.write_text(f'#!/bin/sh\nexec {sys.executable} -m fbsync "$@"\n')
    fbsync.chmod(0o755)
    with serving(initialized.folder, user="fbsync", password="canary-push-token") as url:
        git("--git-dir", initialized.remote, "config", "http.receivepack", "true")
        for name in ("fbsync apply", "fbsync apply staging", "fbsync apply"):
            checkout = tmp_path / "checkout"
            shutil.rmtree(checkout, ignore_errors=True)
            git("clone", "--quiet", initialized.remote, checkout)
            job = text.get(text[name].get("extends"), {}) | text[name]
            environ = {
                **os.environ,
                **text["variables"],
                **job.get("variables", {}),
                **CREDENTIALS,
                "PATH": f"{fbsync.parent}:{os.environ['PATH']}",
                "PYTHONPATH": str(ROOT),
                "CI_PROJECT_URL": f"{url}/remote",
                "CI_SERVER_URL": url,
                "CI_JOB_URL": "https://gitlab.example.com/jobs/7",
                "FBSYNC_PUSH_TOKEN": "canary-push-token",
                "FLASHBACK_API_URL": box.url,
                "FLASHBACK_EMAIL": box.admin.email,
                "FLASHBACK_PASSWORD": box.admin.password,
            }
            script = "set -e\n" + "\n".join(job["script"])
            done = subprocess.run(
                ["sh", "-c", script], cwd=checkout, env=environ, capture_output=True, text=True, check=False
            )
            assert done.returncode == 0, done.stdout + done.stderr
            assert "canary" not in done.stdout + done.stderr
    assert "No changes" in done.stdout
    assert names(initialized) == names(initialized, "staging") == ["Production Claude", "Production OpenAI"]
    assert initialized.history == ["first"]
    writers = git("--git-dir", initialized.remote, "log", "--format=%s", "refs/fbsync/state/default").splitlines()
    assert any("https://gitlab.example.com/jobs/7" in writer for writer in writers)
