"""The GitHub workflows, run step by step as they are: real git remotes, a real sandbox, a stand-in for GitHub's API."""

import json
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import plain_http
import pytest
import yaml
from git_over_http import serving
from runner import CREDENTIALS, MANIFEST, RECORD, ROOT, git
from selection import few_of

pytest_plugins = ["recipe_world"]

BOT = {"login": "github-actions[bot]"}
DEFAULT = "<!-- fbsync-plan:default -->"
STAGING = "<!-- fbsync-plan:staging -->"


@pytest.fixture
def on_main(world, box):
    """Make a runner for a workflow on main, with its secrets; the sandbox is its server."""

    def make():
        account = {"FLASHBACK_EMAIL": box.admin.email, "FLASHBACK_PASSWORD": box.admin.password}
        secrets = account | CREDENTIALS
        return world.runner(secrets=secrets, environment={"FLASHBACK_API_URL": box.url})

    return make


def failing(name, **more):
    match = {"method": "POST", "path": "/ai/llm", "name": name}
    return {"match": match, "times": 1, "action": {"type": "status", "status": 400, **more}}


@pytest.mark.thorough
@pytest.mark.parametrize("box", [[failing("Production Claude")]], indirect=True)
def test_the_lockfile_is_pushed_after_an_apply_that_failed_in_part(world, on_main):
    default, staging = on_main().run("fbsync-apply.yml")
    assert [step.returncode for step in default.steps] == [0, 0, 5, 0, 0], default.log
    assert "Resources: 1 added" in default.log
    assert default.summary.startswith("<!-- fbsync-apply:default -->\n\n### fbsync apply on ")
    assert "**Apply incomplete! Resources: 1 added, 0 changed, 0 destroyed. 1 failed.**" in default.summary
    assert "> - Failed: `Production Claude` in `" in default.summary
    assert staging.succeeded, staging.log
    assert world.names("fbsync.lock") == ["Production OpenAI"]
    assert world.names("fbsync.staging.lock") == ["Production Claude", "Production OpenAI"]
    apply_on_main(on_main)
    assert world.names("fbsync.lock") == ["Production Claude", "Production OpenAI"]
    before = world.history
    for result in on_main().run("fbsync-apply.yml"):
        assert "The lockfile is unchanged." in result.log
    assert world.history == before
    assert before == [RECORD] * 3 + ["first"]


def test_what_others_pushed_meanwhile_is_kept(world, on_main):
    runner = on_main()
    runner.before["Commit the lockfile"] = lambda: world.push("README.md", "of somebody else\n")
    default, staging = runner.run("fbsync-apply.yml")
    assert default.succeeded, default.log
    assert staging.succeeded, staging.log
    assert world.history == [RECORD] * 2 + ["change README.md", "first"]
    assert world.pushed("README.md") == "of somebody else\n"


@pytest.mark.thorough
def test_a_lockfile_that_cannot_be_merged_goes_to_a_branch_of_its_own(world, on_main):
    runner = on_main()
    runner.before["Commit the lockfile"] = lambda: world.push("fbsync.lock", "another\n")
    default, _ = runner.run("fbsync-apply.yml")
    assert default.steps[3].returncode == 1
    assert world.pushed("fbsync.lock") == "another\n"
    [branch] = git("--git-dir", world.remote, "branch", "--list", "fbsync-lockfile-*").split()
    assert world.names("fbsync.lock", branch) == ["Production Claude", "Production OpenAI"]
    assert f"it is on the branch {branch}" in default.log


def apply_on_main(on_main):
    for result in on_main().run("fbsync-apply.yml"):
        assert result.succeeded, result.log


@pytest.mark.thorough
def test_a_run_that_waited_starts_from_the_lockfile_of_the_run_before(world, on_main):
    """The commit that started the run has no lockfile, so everything on the server would look like somebody else's."""
    runner = on_main()
    apply_on_main(on_main)
    assert runner.github["sha"] != git("--git-dir", world.remote, "rev-parse", "main").strip()
    for result in runner.run("fbsync-apply.yml"):
        assert result.succeeded, result.log
        assert "No changes" in result.log


@pytest.mark.thorough
def test_the_push_signs_in_with_the_token_of_the_job(world, on_main):
    with serving(world.folder, user="x-access-token", password="token-of-this-job") as url:
        runner = on_main()
        runner.environment["GITHUB_SERVER_URL"] = url
        runner.pushed_to = f"{url}/remote.git"
        for result in runner.run("fbsync-apply.yml"):
            assert result.succeeded, result.log
            assert "token-of-this-job" not in result.log
        assert world.history == [RECORD, RECORD, "first"]
        runner.github["token"] = "another"
        world.push("fbsync.yaml", OTHER_MANIFEST)
        default, _ = runner.run("fbsync-apply.yml")
        assert default.steps[3].returncode == 1


def merged(world, number):
    """A pull request whose merge is now on main, and one that was never merged."""
    tip = git("--git-dir", world.remote, "rev-parse", "main").strip()
    pull = {"number": number, "merged_at": "2026-01-01T00:00:00Z", "merge_commit_sha": tip}
    world.save(pulls=[pull, {**pull, "number": number + 1, "merged_at": None}])


@pytest.mark.thorough
def test_the_merged_pull_request_is_told_what_was_done_once_for_each_environment(world, on_main):
    merged(world, 7)
    runner = on_main()
    for result in runner.run("fbsync-apply.yml"):
        assert result.succeeded, result.log
    assert sorted(bodies(world)) == ["<!-- fbsync-apply:default -->", "<!-- fbsync-apply:staging -->"]
    assert {comment["issue"] for comment in world.state["comments"]} == {7}
    text = bodies(world)["<!-- fbsync-apply:staging -->"]
    assert "### fbsync apply for `staging`" in text
    assert "**Apply complete! Resources: 2 added, 0 changed, 0 destroyed.**" in text
    assert "- `Production OpenAI` in `" in text
    world.push("fbsync.yaml", OTHER_MANIFEST)
    for result in runner.run("fbsync-apply.yml"):
        assert result.succeeded, result.log
    assert len(world.state["comments"]) == 2
    assert "**Apply complete! Resources: 0 added, 1 changed" in bodies(world)["<!-- fbsync-apply:default -->"]
    assert "`Production Claude` in `ws-sandbox`: `endpoint`" in bodies(world)["<!-- fbsync-apply:default -->"]


@pytest.mark.thorough
def test_an_apply_that_did_nothing_is_worth_no_comment(world, on_main):
    apply_on_main(on_main)
    merged(world, 7)
    apply_on_main(on_main)
    assert world.state["comments"] == []


@pytest.mark.parametrize(
    "arguments",
    few_of(
        [["--adopt", "--no-such"], ["--result", "mine.json"], ["--result=mine.json"]],
        *(["--adopt", "--no-such"], ["--result", "mine.json"]),
    ),
)
def test_the_comment_of_an_apply_is_from_its_result_or_else_its_log(world, box, tmp_path, arguments):
    command, environment = _prepare_step(
        tmp_path,
        1,
        INPUT_COMMAND="apply",
        INPUT_ENVIRONMENT="staging",
        INPUT_ARGUMENTS="\n".join(arguments),
        FLASHBACK_API_URL=box.url,
        FLASHBACK_TOKEN=box.token,
        **CREDENTIALS,
    )
    done = subprocess.run(command, cwd=world.mine, env=environment, capture_output=True, text=True, check=False)
    comment = (tmp_path / "temp" / "fbsync-apply-staging" / "comment.md").read_text()
    assert comment.startswith("<!-- fbsync-apply:staging -->\n")
    assert (tmp_path / "summary").read_text() == comment
    if "--no-such" in arguments:
        assert done.returncode == 64
        assert "**No result:** `fbsync apply` exited with 64." in comment
        assert "    error: no such option --no-such" in comment
    else:
        assert done.returncode == 0, done.stdout
        assert "2 added" in comment
        assert (world.mine / "mine.json").exists()


def _prepare_step(folder, step, **variables):
    """The command and the environment of one of the action's own steps."""
    script = folder / "script.sh"
    script.write_text(yaml.safe_load((ROOT / "action.yml").read_text())["runs"]["steps"][step]["run"])
    folder.joinpath("temp").mkdir()
    environment = {
        "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
        "HOME": str(folder),
        "RUNNER_TEMP": str(folder / "temp"),
        "GITHUB_OUTPUT": str(folder / "output"),
        "GITHUB_PATH": str(folder / "path"),
        "GITHUB_STEP_SUMMARY": str(folder / "summary"),
    }
    return ["bash", "--noprofile", "--norc", "-eo", "pipefail", script], environment | variables


@pytest.mark.thorough
def test_the_action_installs_fbsync_from_its_own_checkout_and_runs_nothing_of_the_pull_requests(tmp_path):
    source = tmp_path / "fbsync"
    source.mkdir()
    for name in ("fbsync", "schemas", "examples", "requirements", "pyproject.toml", "README.md"):
        subprocess.run(["cp", "-r", ROOT / name, source], check=True)
    command, environment = _prepare_step(tmp_path, 0, GITHUB_ACTION_PATH=str(source))
    pip = {name: value for name, value in os.environ.items() if name.startswith("PIP_") or name.endswith("_CERT")}
    checkout = tmp_path / "checkout"
    for name in ("venv.py", "ensurepip.py", "pip/__init__.py", "pip/__main__.py", "site.py", "sitecustomize.py"):
        (checkout / name).parent.mkdir(parents=True, exist_ok=True)
        (checkout / name).write_text("raise SystemExit('this is of the pull request')")
    (checkout / "install.txt").write_text("not-a-package==0\n")
    done = subprocess.run(command, cwd=checkout, env=environment | pip, capture_output=True, text=True, check=False)
    if done.returncode and "NewConnectionError" in done.stderr:
        pytest.skip("the package registry cannot be reached")
    assert done.returncode == 0, done.stderr
    [folder] = (tmp_path / "path").read_text().splitlines()
    done = subprocess.run([f"{folder}/fbsync", "--version"], capture_output=True, text=True, check=True)
    assert done.stdout.startswith("fbsync ")


SLOW = {"match": {"method": "POST", "path": "/ai/llm"}, "action": {"type": "slow", "before": 500, "after": 500}}


@pytest.mark.parametrize("box", [[SLOW]], indirect=True)
def test_a_cancelled_apply_ends_in_order(world, box, tmp_path):
    """GitHub interrupts only the shell, which has to pass the signal on and wait."""
    command, environment = _prepare_step(
        tmp_path,
        1,
        INPUT_COMMAND="apply",
        INPUT_ENVIRONMENT="",
        INPUT_ARGUMENTS="--parallelism\n1\n",
        FLASHBACK_API_URL=box.url,
        FLASHBACK_TOKEN=box.token,
        **CREDENTIALS,
    )
    process = subprocess.Popen(
        command, cwd=world.mine, env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True
    )
    journal = world.mine / "fbsync.lock.journal"
    while not journal.exists() and process.poll() is None:
        time.sleep(0.01)
    process.send_signal(signal.SIGINT)
    stdout, _ = process.communicate(timeout=60)
    assert process.returncode == 143, stdout
    assert "exit-code=143\n" in (tmp_path / "output").read_text()
    known = json.loads((world.mine / "fbsync.lock").read_text())["llms"]
    assert len(known) == stdout.count(": created")
    assert not journal.exists()


@pytest.fixture
def fork(world):
    """A fork that renames an endpoint, and its pull request."""
    fork = world.folder / "fork.git"
    git("clone", "--quiet", "--bare", world.remote, fork)
    work = world.folder / "fork"
    git("clone", "--quiet", fork, work)
    world.save(pulls=[])

    def change(text):
        (work / "fbsync.yaml").write_text(text)
        git("commit", "--quiet", "--allow-empty", "--all", "--message", "change", cwd=work)
        git("push", "--quiet", "origin", "HEAD:change", cwd=work)
        sha = git("rev-parse", "HEAD", cwd=work).strip()
        world.save(pulls=[{"number": 7, "head": {"sha": sha, "ref": "change", "user": {"login": "stranger"}}}])
        return sha

    change.remote = fork
    return change


def plan_and_comment(world, fork, sha, *, tamper=None):
    """Run the two workflows as GitHub does for a fork: one without secrets, the other without the fork's code."""
    event = {"pull_request": {"number": 7}}
    planner = world.runner(remote=fork.remote, github={"ref_name": "change", "sha": sha, "event": event, "token": ""})
    plans = planner.run("fbsync-plan.yml")
    if tamper:
        tamper(planner.artifacts)
    run = {
        "event": "pull_request",
        "conclusion": "success" if all(plan.succeeded for plan in plans) else "failure",
        "id": "1",
        "head_sha": sha,
        "head_branch": "change",
        "head_repository": {"full_name": "stranger/models", "owner": {"login": "stranger"}},
        "html_url": "https://github.com/someone/models/actions/runs/1",
    }
    poster = world.runner(remote=world.folder / "nowhere", github={"event": {"workflow_run": run}})
    poster.artifacts = planner.artifacts
    [posted] = poster.run("fbsync-comment.yml")
    assert posted.succeeded, posted.log
    return plans, posted


OTHER_MANIFEST = MANIFEST.replace("https://api.anthropic.com", "https://claude.example.com")


def bodies(world):
    return {comment["body"].splitlines()[0]: comment["body"] for comment in world.state["comments"]}


def test_a_fork_without_secrets_gets_its_plan_and_one_comment_an_environment(world, fork):
    (default, staging), _ = plan_and_comment(world, fork, fork(MANIFEST))
    assert default.succeeded, default.log
    assert staging.succeeded, staging.log
    assert "Plan: 2 to add, 0 to change, 0 to destroy." in default.log
    report = default.outputs["plan"].pop("report")
    assert default.outputs["plan"] == {
        "exit-code": "2",
        "has-changes": "true",
        "add": "2",
        "change": "0",
        "destroy": "0",
    }
    comment = (Path(report) / "comment.md").read_text()
    assert comment in default.summary
    assert set(bodies(world)) == {DEFAULT, STAGING}
    marker, _, rest = comment.partition("\n")
    assert bodies(world)[DEFAULT].startswith(f"{marker}\n<sub>This text is from [the run]")
    assert f"of commit {world.state['pulls'][0]['head']['sha']} by `stranger`" in bodies(world)[DEFAULT]
    assert bodies(world)[DEFAULT].endswith(f"</sub>\n\n{rest}")
    assert {comment["issue"] for comment in world.state["comments"]} == {7}


@pytest.mark.thorough
def test_the_comment_is_updated_and_not_repeated(world, fork):
    first = fork(MANIFEST)
    plan_and_comment(world, fork, first)
    ids = [comment["id"] for comment in world.state["comments"]]
    second = fork(OTHER_MANIFEST)
    plan_and_comment(world, fork, second)
    assert [comment["id"] for comment in world.state["comments"]] == ids
    assert all(f"of commit {second}" in body for body in bodies(world).values())
    assert "claude.example.com" in bodies(world)[DEFAULT]


@pytest.mark.thorough
def test_a_plan_that_fails_replaces_the_comment(world, fork):
    plan_and_comment(world, fork, fork(MANIFEST))
    (default, _), _ = plan_and_comment(world, fork, fork(MANIFEST.replace("OPENAI\n", "OPENAJ\n")))
    assert "::error file=fbsync.yaml" in default.log
    assert default.outputs["plan"]["exit-code"] == "3"
    assert not default.succeeded
    assert "**No plan:** `fbsync plan` exited with 3." in bodies(world)[DEFAULT]
    assert "    fbsync.yaml:" in bodies(world)[DEFAULT]
    assert "OPENAI" in bodies(world)[DEFAULT]
    assert len(world.state["comments"]) == 2


@pytest.mark.thorough
def test_nothing_to_change_is_worth_no_new_comment(world, fork, on_main):
    apply_on_main(on_main)
    git("fetch", "--quiet", world.remote, "main", cwd=world.folder / "fork")
    git("reset", "--quiet", "--hard", "FETCH_HEAD", cwd=world.folder / "fork")
    (default, _), _ = plan_and_comment(world, fork, fork(MANIFEST))
    assert default.outputs["plan"]["has-changes"] == "false"
    assert default.outputs["plan"]["add"] == "0"
    assert world.state["comments"] == []


@pytest.mark.thorough
def test_a_comment_of_somebody_else_is_left_alone(world, fork):
    theirs = {
        "id": 1,
        "issue": 7,
        "user": {"login": "stranger"},
        "body": f"{DEFAULT}\nNo changes, trust me.",
    }
    world.save(comments=[theirs])
    plan_and_comment(world, fork, fork(MANIFEST))
    assert world.state["comments"][0] == theirs
    assert len(world.state["comments"]) == 3


def test_a_pull_request_that_moved_on_gets_no_outdated_comment(world, fork):
    outdated = fork(MANIFEST)
    fork(OTHER_MANIFEST)
    _, posted = plan_and_comment(world, fork, outdated)
    assert "No open pull request is at" in posted.log
    assert world.state["comments"] == []


FILES = "<!-- fbsync-files -->"
CHANGED = [
    {"filename": "fbsync.lock", "patch": '-      "endpoint": "a",\n+      "endpoint": "b",\n       "aiType": "OPENAI"'},
    {"filename": "models/other.lock", "status": "renamed", "previous_filename": "models/fbsync.staging.lock"},
    {"filename": "fbsync.lock.journal", "patch": "+{}"},
    {"filename": ".env", "patch": "+FLASHBACK_API_URL=https://evil.example"},
    {"filename": "models/.env.staging", "patch": "+A=1"},
    {"filename": "a` @everyone/.env", "patch": "+A=1"},
]
HARMLESS = [
    {"filename": "fbsync.yaml", "patch": "+  - name: aiType"},
    {"filename": ".env.example", "patch": "+A="},
    {"filename": "yarn.lock", "patch": "+lodash@^4:\n+  version 4"},
    {"filename": "environment.md", "patch": "+workspaceId"},
]


@pytest.mark.thorough
def test_files_that_fbsync_writes_are_named_and_no_others(world, fork):
    sha = fork(MANIFEST)
    world.save(files=CHANGED + HARMLESS)
    plan_and_comment(world, fork, sha)
    named = re.findall("^- `(.*)`$", bodies(world)[FILES], re.MULTILINE)
    assert named == [
        ".env",
        "a???everyone/.env",
        "fbsync.lock",
        "fbsync.lock.journal",
        "models/.env.staging",
        "models/fbsync.staging.lock",
        "models/other.lock",
    ]
    world.save(files=HARMLESS)
    plan_and_comment(world, fork, sha)
    assert "no longer changes" in bodies(world)[FILES]
    assert len(world.state["comments"]) == 3


@pytest.mark.thorough
def test_a_pull_request_without_such_files_gets_no_comment_of_them(world, fork):
    sha = fork(MANIFEST)
    world.save(files=HARMLESS)
    plan_and_comment(world, fork, sha)
    assert FILES not in bodies(world)


def _other_marker(folder):
    (folder / "fbsync-plan-default" / "comment.md").write_text("<!-- another-bot -->\nhello")


def _too_long(folder):
    (folder / "fbsync-plan-default" / "comment.md").write_text(f"{DEFAULT}\n" + "x" * 66000)


def _link(folder):
    comment = folder / "fbsync-plan-default" / "comment.md"
    elsewhere = comment.rename(folder.parent / "elsewhere.md")
    comment.symlink_to(elsewhere)


def _marker_of_jq(folder):
    hostile = '<!-- fbsync-plan:") or true or ("$(touch pwned) -->\n'
    (folder / "fbsync-plan-default" / "comment.md").write_text(hostile)


@pytest.mark.thorough
@pytest.mark.parametrize("tamper", [_other_marker, _too_long, _link])
def test_an_upload_that_is_no_plan_is_not_posted(world, fork, tamper):
    plan_and_comment(world, fork, fork(MANIFEST), tamper=tamper)
    assert set(bodies(world)) == {STAGING}


@pytest.mark.thorough
def test_an_upload_cannot_reach_another_comment_or_the_shell(world, fork):
    bystander = {"id": 1, "issue": 7, "user": BOT, "body": "coverage: 100%"}
    world.save(comments=[bystander])
    plan_and_comment(world, fork, fork(MANIFEST), tamper=_marker_of_jq)
    assert world.state["comments"][0] == bystander
    assert not list(world.folder.rglob("pwned"))


def _change_by_hand(box, **changes):
    """Change a configuration on the server without fbsync."""
    headers = {"Authorization": f"Bearer {box.token}"}
    listed = plain_http.get(f"{box.url}/ai/llm", params={"workspaceId": "ws-sandbox"}, headers=headers).json()
    [claude] = [row for row in listed["aiLlms"] if row["name"] == "Production Claude"]
    answer = plain_http.put(f"{box.url}/ai/llm/{claude['id']}", json=changes, headers=headers)
    assert answer.json()["success"], answer.text


@pytest.mark.thorough
def test_drift_opens_one_issue_and_closes_it_later(world, box, on_main):
    apply_on_main(on_main)
    for result in on_main().run("fbsync-drift.yml"):
        assert result.succeeded, result.log
        assert result.outputs["drift"]["has-changes"] == "false"
    assert world.state["issues"] == []

    _change_by_hand(box, endpoint="https://api.anthropic.com/elsewhere")
    default, staging = on_main().run("fbsync-drift.yml")
    assert default.succeeded, default.log
    assert (default.outputs["drift"]["exit-code"], staging.outputs["drift"]["exit-code"]) == ("2", "0")
    [issue] = world.state["issues"]
    assert issue["title"] == "fbsync: drift in default"
    assert "/elsewhere" in issue["body"]
    assert all(line.startswith("    ") for line in issue["body"].splitlines() if "elsewhere" in line)

    _change_by_hand(box, endpoint="https://api.anthropic.com/nowhere")
    on_main().run("fbsync-drift.yml")
    [issue] = world.state["issues"]
    assert issue["state"] == "open"
    assert "/nowhere" in issue["body"]

    apply_on_main(on_main)
    on_main().run("fbsync-drift.yml")
    [issue] = world.state["issues"]
    assert issue["state"] == "closed"
    assert [comment["issue"] for comment in world.state["comments"]] == [issue["number"]]


DOWN = {"match": {"path": "/ai/**"}, "action": {"type": "status", "status": 403}}


@pytest.mark.parametrize("box", [[DOWN]], indirect=True)
def test_a_look_that_failed_is_no_news_of_drift(world, on_main):
    issue = {"number": 3, "state": "open", "user": BOT, "body": "<!-- fbsync-drift:default -->\n"}
    world.save(issues=[issue])
    default, _ = on_main().run("fbsync-drift.yml")
    assert not default.succeeded
    assert default.outputs["drift"]["exit-code"] == "4"
    assert world.state["issues"] == [issue]
    assert world.state["calls"] == []
