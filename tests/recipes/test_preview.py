"""The preview environment of a pull request: created, updated, and destroyed with the pull request."""

import os
import subprocess
import sys
from pathlib import Path

import plain_http
import pytest
import yaml
from runner import CREDENTIALS, ROOT, git

pytest_plugins = ["recipe_world"]
FOLDER = ROOT / "examples" / "preview-environment"


@pytest.fixture
def preview(world, box, tmp_path):
    """Run the script in a fresh clone, as pipelines do."""
    clones = []

    def run(*words):
        clone = tmp_path / f"clone-{len(clones)}"
        clones.append(clone)
        git("clone", "--quiet", world.remote, clone)
        git("submodule", "--quiet", "update", "--init", cwd=clone)
        environment = {
            "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
            "HOME": str(tmp_path),
            "GIT_CONFIG_GLOBAL": os.devnull,
            "FLASHBACK_API_URL": box.url,
            "FLASHBACK_EMAIL": box.admin.email,
            "FLASHBACK_PASSWORD": box.admin.password,
            **CREDENTIALS,
        }
        return subprocess.run(
            ["sh", ".fbsync/examples/preview-environment/preview.sh", *words],
            cwd=clone,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )

    return run


def names(box):
    headers = {"Authorization": f"Bearer {box.token}"}
    listed = plain_http.get(f"{box.url}/ai/llm", params={"workspaceId": "ws-research"}, headers=headers).json()
    return sorted(row["name"] for row in listed["aiLlms"])


def known(world):
    return git("--git-dir", world.remote, "ls-tree", "-r", "--name-only", "fbsync-previews").split()


@pytest.mark.thorough
def test_each_pull_request_has_its_own_and_takes_it_away(world, box, preview):
    for words, expected in [
        (("up", "7"), ["Chat of pr-7"]),
        (("up", "123"), ["Chat of pr-123", "Chat of pr-7"]),
        (("up", "7"), ["Chat of pr-123", "Chat of pr-7"]),
        (("down", "7"), ["Chat of pr-123"]),
        (("down", "7"), ["Chat of pr-123"]),
        (("down", "123"), []),
    ]:
        done = preview(*words)
        assert done.returncode == 0, done.stdout
        assert "canary" not in done.stdout
        assert names(box) == expected
        numbers = sorted(name.rpartition("-")[2] for name in expected)
        assert sorted(known(world)) == [f"fbsync.pr-{number}.lock" for number in numbers]
    assert world.history == ["first"]


@pytest.mark.parametrize("words", [("up", "7; touch pwned"), ("up", ""), ("sideways", "7")])
def test_what_is_no_number_or_action_is_refused(box, preview, words):
    done = preview(*words)
    assert done.returncode == 64
    assert names(box) == []


def test_the_workflow_is_for_no_fork_and_one_at_a_time():
    text = yaml.safe_load((FOLDER / "fbsync-preview.yml").read_text())
    [job] = text["jobs"].values()
    assert job["if"] == "github.event.pull_request.head.repo.full_name == github.repository"
    assert text["concurrency"] == {"group": "fbsync-preview", "cancel-in-progress": False}
    assert len([step for step in job["steps"] if "secrets." in str(step)]) == 1
