"""The hook: the real pre-commit installs this checkout into a separate environment and runs it on commits."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
GOOD = (ROOT / "examples" / "quickstart" / "fbsync.yaml").read_text()

pytestmark = [pytest.mark.editors, pytest.mark.thorough]
pytest.importorskip("pre_commit")


@pytest.fixture(scope="module")
def git(tmp_path_factory):
    """Run a command in a folder; git and pre-commit do not see the user's own configuration."""
    home = tmp_path_factory.mktemp("home")
    kept = {
        name: value
        for name, value in os.environ.items()
        if name.startswith(("PIP_", "SSL_", "HTTP", "http", "REQUESTS_"))
    }
    environment = {
        **kept,
        "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
        "HOME": str(home),
        "PRE_COMMIT_HOME": str(home / "pre-commit"),
        "GIT_CONFIG_GLOBAL": os.devnull,
        **{f"GIT_{who}_{what}": "someone@example.com" for who in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")},
    }

    def run(folder, *command):
        return subprocess.run(
            command, cwd=folder, env=environment, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False
        )

    return run


@pytest.fixture(scope="module")
def hooks(git, tmp_path_factory):
    """This checkout as a repository that pre-commit can clone, with only what the package needs."""
    folder = tmp_path_factory.mktemp("fbsync")
    for name in ("fbsync", "schemas", "examples"):
        shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("pyproject.toml", "README.md", ".pre-commit-hooks.yaml"):
        shutil.copy(ROOT / name, folder)
    return commit(git, folder)


def commit(git, folder):
    for command in (["init", "--quiet"], ["add", "."], ["commit", "--quiet", "--no-verify", "--message", "all"]):
        done = git(folder, "git", *command)
        assert done.returncode == 0, done.stderr
    return folder, git(folder, "git", "rev-parse", "HEAD").stdout.strip()


@pytest.fixture
def project(git, hooks, tmp_path):
    """A repository that uses the hook, with the manifests of two teams in it."""
    folder, revision = hooks
    (tmp_path / ".pre-commit-config.yaml").write_text(
        f"repos:\n  - repo: {folder}\n    rev: {revision}\n    hooks:\n      - id: fbsync-validate\n"
    )
    for team in ("team-a", "team-b"):
        (tmp_path / team).mkdir()
        (tmp_path / team / "fbsync.yaml").write_text(GOOD)
    (tmp_path / "other.yaml").write_text("no: manifest\n")
    commit(git, tmp_path)
    done = git(tmp_path, "pre-commit", "install-hooks")
    if done.returncode:
        words = ("No matching distribution", "ConnectionError", "Temporary failure", "NewConnectionError")
        assert any(word in done.stdout for word in words), done.stdout
        pytest.skip("the hook's environment cannot be installed: the package index cannot be reached")
    return tmp_path


def test_good_manifests_pass_each_on_its_own(git, project):
    done = git(project, "pre-commit", "run", "--all-files")
    assert done.returncode == 0, done.stdout
    assert "fbsync validate" in done.stdout
    assert "Passed" in done.stdout


def test_a_mistake_stops_the_commit_and_other_files_are_let_be(git, project):
    git(project, "pre-commit", "install")
    (project / "team-b" / "fbsync.yaml").write_text(GOOD.replace("aiType: OPENAI", "aitype: OPENAI"))
    git(project, "git", "add", ".")
    done = git(project, "git", "commit", "--message", "a mistake")
    said = done.stdout + done.stderr
    assert done.returncode == 1, said
    assert "exit code: 3" in said
    assert 'team-b/fbsync.yaml:10:5: error in "Production OpenAI": unknown key "aitype" [unknown-key]' in said
    assert 'fix: write "aiType"' in said
    assert "other.yaml" not in said
    (project / "other.yaml").write_text("no: manifest either\n")
    git(project, "git", "reset", "--quiet")
    git(project, "git", "add", "other.yaml")
    assert git(project, "git", "commit", "--message", "another file").returncode == 0
