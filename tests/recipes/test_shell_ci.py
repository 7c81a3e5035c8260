"""The recipes for GitLab and for a plain shell: their lines, run as they are with a real remote and a sandbox."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from git_over_http import serving
from runner import CREDENTIALS, RECORD, ROOT, git

pytest_plugins = ["recipe_world"]

GITLAB = ROOT / "examples" / "gitlab-ci" / ".gitlab-ci.yml"


@pytest.fixture
def shell(world, tmp_path):
    """Run a script in a fresh clone, as a pipeline's job does: on the commit that started it, on no branch."""
    clones = []

    def run(script, *, commit="main", variables=None):
        clone = tmp_path / f"clone-{len(clones)}"
        clones.append(clone)
        git("clone", "--quiet", world.remote, clone)
        git("checkout", "--quiet", "--detach", commit, cwd=clone)
        git("submodule", "--quiet", "update", "--init", cwd=clone)
        environment = {
            "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
            "HOME": str(tmp_path),
            "GIT_CONFIG_GLOBAL": os.devnull,
            **(variables or {}),
        }
        return subprocess.run(
            ["sh", "-euc", script],
            cwd=clone,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )

    run.clones = clones
    return run


@pytest.fixture
def account(box):
    """The variables of a job on the default branch. A job of a merge request from a fork does not have them."""
    signing_in = {"FLASHBACK_EMAIL": box.admin.email, "FLASHBACK_PASSWORD": box.admin.password}
    return {"FLASHBACK_API_URL": box.url, **signing_in, **CREDENTIALS}


@pytest.fixture
def gitlab(world, shell):
    """Run a job of .gitlab-ci.yml without its installation. As in GitLab, a line that fails ends it."""
    text = yaml.safe_load(GITLAB.read_text())

    def run(name, **options):
        job = text[name]
        job = text.get(job.get("extends"), {}) | job
        given = {
            "CI_PROJECT_URL": world.remote.with_suffix("").as_uri(),
            "CI_SERVER_URL": "https://gitlab.example.com",
            "CI_COMMIT_BRANCH": "main",
            "FBSYNC_PUSH_TOKEN": "canary-push-token",
            **text["variables"],
            **job.get("variables", {}),
            **options.pop("variables", {}),
        }
        return shell("\n".join(job["script"]), variables=given, **options)

    return run


@pytest.mark.thorough
def test_gitlab_applies_from_the_tip_and_pushes_the_lockfile(world, gitlab, account):
    started_by = git("--git-dir", world.remote, "rev-parse", "main").strip()
    for job in ("fbsync apply", "fbsync apply staging", "fbsync apply"):
        done = gitlab(job, commit=started_by, variables=account)
        assert done.returncode == 0, done.stdout
        assert "canary" not in done.stdout
    assert "No changes" in done.stdout
    assert world.history == [RECORD, RECORD, "first"]
    assert world.names("fbsync.staging.lock") == ["Production Claude", "Production OpenAI"]
    assert gitlab("fbsync drift", variables=account).returncode == 0


def test_gitlab_signs_in_with_the_token_of_the_project(world, gitlab, account):
    with serving(world.folder, user="fbsync", password="canary-push-token") as url:
        given = account | {"CI_SERVER_URL": url, "CI_PROJECT_URL": f"{url}/remote"}
        done = gitlab("fbsync apply", variables=given)
        assert done.returncode == 0, done.stdout
        assert world.history == [RECORD, "first"]


def test_gitlab_plans_without_a_credential(shell, gitlab):
    done = gitlab("fbsync plan staging")
    assert done.returncode == 0, done.stdout
    assert "Plan: 2 to add, 0 to change, 0 to destroy." in done.stdout
    [clone] = shell.clones
    assert (clone / "fbsync-plan.md").read_text().startswith("<!-- fbsync-plan:staging -->\n")


@pytest.mark.thorough
def test_a_merge_request_that_changes_what_fbsync_writes_is_told_so(world, shell, gitlab):
    base = git("--git-dir", world.remote, "rev-parse", "main").strip()
    for name in ("fbsync.lock", "models/.env", "notes.md", ".env.example"):
        (world.mine / name).parent.mkdir(exist_ok=True)
        world.push(name, "FLASHBACK_TOKEN=\n" if ".env" in name else "x\n")
    done = gitlab("fbsync plan staging", variables={"CI_MERGE_REQUEST_DIFF_BASE_SHA": base})
    assert done.returncode == 0, done.stdout
    comment = (shell.clones[-1] / "fbsync-plan.md").read_text()
    for text in (done.stdout, comment):
        assert "- `fbsync.lock` changed: " in text
        assert "- `models/.env` changed: " in text
        assert "notes.md" not in text
        assert "example`" not in text


APPLY = "sh .fbsync/examples/shell-ci/apply.sh main"
PARTLY = [
    {
        "match": {"method": "POST", "path": "/ai/llm", "name": "Production Claude"},
        "action": {"type": "status", "status": 400},
    }
]


@pytest.mark.parametrize("box", [PARTLY], indirect=True)
def test_the_shell_recipe_pushes_what_came_about_and_keeps_the_status(world, shell, account):
    done = shell(f"{APPLY} '' done.md", variables=account)
    assert done.returncode == 5, done.stdout
    assert world.names("fbsync.lock") == ["Production OpenAI"]
    comment = (shell.clones[-1] / "done.md").read_text()
    assert comment.startswith("<!-- fbsync-apply:default -->\n")
    assert "Apply incomplete! Resources: 1 added" in comment
    assert "> - Failed: `Production Claude`" in comment


def test_a_journal_is_pushed_as_long_as_there_is_one(world, shell):
    record = "sh .fbsync/examples/shell-ci/record.sh main"
    done = shell(f"echo '*.journal' >.gitignore; echo '{{}}' >fbsync.lock.journal; {record}")
    assert done.returncode == 0, done.stdout
    assert world.pushed("fbsync.lock.journal") == "{}\n"
    done = shell(f"rm fbsync.lock.journal; {record}")
    assert done.returncode == 0, done.stdout
    assert "fbsync.lock.journal" not in git("--git-dir", world.remote, "ls-tree", "--name-only", "main")


def test_nothing_but_lockfiles_is_pushed(world, shell):
    done = shell("echo x >notes.txt; echo x >fbsync.lock.run; sh .fbsync/examples/shell-ci/record.sh main")
    assert done.stdout == "The lockfile is unchanged.\n"
    assert world.history == ["first"]


@pytest.mark.thorough
def test_two_who_push_at_once_both_get_through(world, shell):
    """The remote refuses the second push until that clone has the first one's commit."""
    record = "sh .fbsync/examples/shell-ci/record.sh main"
    nested = "(cd nested && echo '{}' >fbsync.b.lock && sh ../.fbsync/examples/shell-ci/record.sh main)"
    clone = f"git clone --quiet {world.remote} nested"
    done = shell(f"{clone}; echo '{{}}' >fbsync.a.lock; {nested}; rm -rf nested; {record}")
    assert done.returncode == 0, done.stdout
    assert world.history == [RECORD, RECORD, "first"]


def test_a_remote_that_refuses_is_told(world, shell):
    hook = world.remote / "hooks" / "pre-receive"
    hook.write_text("#!/bin/sh\necho protected branch\nexit 1\n")
    hook.chmod(0o755)
    done = shell("echo '{}' >fbsync.lock; sh .fbsync/examples/shell-ci/record.sh main")
    assert done.returncode == 1
    assert "The lockfile could not be pushed to main.\n" in done.stdout
    assert "fbsync apply --adopt" in done.stdout
