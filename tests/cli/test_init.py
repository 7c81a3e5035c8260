"""``init``: from an empty folder to a valid manifest with a plan, and nothing is overwritten."""

import itertools
import json
import os
import pty
import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from cli_world import ROOT

from fbsync.schema.validate import Kind, validate

PROVIDERS = ("openai", "google", "anthropic", "aws", "other")


@pytest.fixture
def bare(cli):
    """A folder and an environment without anything of fbsync."""
    cli.environment.pop("FLASHBACK_WORKSPACE_ID")
    return cli


def files(cli):
    found = (path for path in cli.folder.rglob("*") if path.is_file() and ".git/" not in str(path))
    return {str(path.relative_to(cli.folder)): path.read_bytes() for path in found}


def test_an_empty_folder_becomes_a_project(bare, server):
    done = bare("init")
    assert done.returncode == 0, done.stderr
    assert (
        done.stdout == "fbsync.yaml: written\nfbsync.schema.json: written\n.env.example: written\n.gitignore: written\n"
    )
    assert "\n  cp .env.example .env      # then fill it in\n" in done.stderr
    assert "FLASHBACK_EMAIL and FLASHBACK_PASSWORD" in done.stderr
    assert "Then `fbsync workspaces` shows the ids" in done.stderr
    assert files(bare).keys() == {"fbsync.yaml", "fbsync.schema.json", ".env.example", ".gitignore"}
    assert bare("validate", "--strict").returncode == 0
    assert "Plan: 1 to add" in bare("plan").stdout
    assert b"FLASHBACK_TOKEN=\n" in files(bare)[".env.example"]
    assert b"OPENAI_API_KEY=\n" in files(bare)[".env.example"]
    assert server.requests == []


@pytest.mark.parametrize("chosen", [*itertools.combinations(PROVIDERS, 1), PROVIDERS])
def test_every_choice_validates(bare, chosen):
    arguments = [word for name in chosen for word in ("--provider", name)]
    assert bare("init", "--yes", "--workspace-id", "ws-$1", *arguments).returncode == 0
    done = bare("validate", "--strict")
    assert done.returncode == 0, done.stdout
    assert f"Plan: {len(chosen)} to add" in bare("plan").stdout
    assert "(workspace ws-$1)" in bare("plan").stdout


def test_the_environment_that_it_shows_works(bare):
    bare("init", "--provider", "anthropic")
    path = bare.folder / "fbsync.yaml"
    head, _, shown = path.read_text().partition("# environments:")
    path.write_text(head + "environments:" + shown.replace("\n# ", "\n"))
    assert path.read_text().endswith("environments:\n  staging: {}\n")
    assert "Plan: 1 to add" in bare("plan", "-e", "staging").stdout
    assert "$ANTHROPIC_API_KEY (not set" in bare("plan", "-e", "staging").stdout
    bare.write(".env.staging", "ANTHROPIC_API_KEY=made-up\n")
    assert "not set" not in bare("plan", "-e", "staging", env={"FLASHBACK_WORKSPACE_ID": "w"}).stdout


def test_environments_that_are_asked_for_work_at_once(bare):
    done = bare("init", "-e", "staging", "-e", "pr-1", "--workspace-id", "ws-1")
    assert done.returncode == 0, done.stderr
    assert bare("validate", "--strict").returncode == 0
    for name in ("staging", "pr-1"):
        assert "Plan: 1 to add" in bare("plan", "-e", name).stdout
    assert bare("init", "-e", "no name").returncode == 3


def test_the_lines_that_it_ends_with_work_as_they_are(bare, tmp_path):
    """A newcomer copies them into a shell one after the other, with nothing else set up."""
    done = bare("init", "--provider", "openai", "--provider", "aws", "--workspace-id", "ws-(it);1")
    commands = re.findall("^  (.*)$", done.stderr, re.MULTILINE)
    assert len(commands) == 4
    folder = Path(sys.executable).parent
    newcomer = {"PATH": f"{folder}:{os.environ['PATH']}", "HOME": str(tmp_path), "PYTHONPATH": str(ROOT)}
    for command in commands:
        done = subprocess.run(
            ["sh", "-c", command],
            cwd=bare.folder,
            env=newcomer,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, (command, done.stdout, done.stderr)
        if "sandbox" in command:
            assert "Resources: 2 added" in done.stdout
    assert "Plan: 2 to add" in done.stdout


def test_editors_find_the_schema_by_the_first_line(bare):
    bare("init")
    first = (bare.folder / "fbsync.yaml").read_text().splitlines()[0]
    assert first == "# yaml-language-server: $schema=fbsync.schema.json"
    assert (bare.folder / "fbsync.schema.json").read_text() == bare("schema").stdout
    assert bare("validate", "-f", ".").returncode == 0


def test_a_second_time_everything_is_kept(bare):
    assert bare("init", "--ci", "github").returncode == 0
    before = files(bare)
    done = bare("init", "--ci", "github", "--format", "json")
    document = json.loads(done.stdout)
    assert validate(Kind.RESULT, document) == ()
    assert {item["done"] for item in document["files"]} == {"unchanged"}
    assert files(bare) == before


def test_what_is_there_stays(bare):
    bare.write(
        "fbsync.yaml",
        "# mine\nversion: 1\nworkspaceId: ws\nllms:\n  - {name: A, aiType: OTHER, secret: $MINE,\n     endpoint: 'https://x.example.com'}\n",
    )
    bare.write(".gitignore", "*.pyc\n.env")
    bare.write(".env.example", "FLASHBACK_TOKEN=\n")
    mine = (bare.folder / "fbsync.yaml").read_text()
    done = bare("init", "--provider", "aws")
    assert done.stdout == "fbsync.yaml: unchanged\n.env.example: lines added\n.gitignore: lines added\n"
    assert (bare.folder / "fbsync.yaml").read_text() == mine
    assert (
        bare.folder / ".gitignore"
    ).read_text() == "*.pyc\n.env\n.env.*\n!.env.example\n*.lock.journal\n*.lock.run\n"
    assert (bare.folder / ".env.example").read_text() == "FLASHBACK_TOKEN=\n# secret of A\nMINE=\n"


def test_git_ignores_what_is_local_and_not_the_lockfile(bare):
    bare("init")
    subprocess.run(["git", "init", "--quiet"], cwd=bare.folder, check=True)
    local = [
        ".env",
        ".env.staging",
        "fbsync.lock.journal",
        "models.staging.lock.run",
        "fbsync.lock",
        "fbsync.staging.lock",
        ".env.example",
    ]
    done = subprocess.run(["git", "check-ignore", *local], cwd=bare.folder, capture_output=True, text=True, check=False)
    assert done.stdout.split() == local[:4]


class TestPipelines:
    def test_github_is_found_by_its_remote(self, bare):
        subprocess.run(["git", "init", "--quiet"], cwd=bare.folder, check=True)
        remote = ["git", "remote", "add", "origin", "git@github.com:someone/models.git"]
        subprocess.run(remote, cwd=bare.folder, check=True)
        done = bare("init", "--provider", "aws", "--provider", "openai")
        assert "The workflows use the action in .fbsync" in done.stderr
        assert "URL" not in done.stderr
        workflows = {name: yaml.safe_load(text) for name, text in files(bare).items() if name.startswith(".github/")}
        assert len(workflows) == 4
        apply = workflows[".github/workflows/fbsync-apply.yml"]["jobs"]["apply"]
        assert apply["strategy"]["matrix"]["environment"] == [""]
        (step,) = [step for step in apply["steps"] if step.get("name") == "Apply"]
        names = ["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "FLASHBACK_WORKSPACE_ID", "OPENAI_API_KEY"]
        url = step["env"].pop("FLASHBACK_API_URL")
        assert url == "${{ vars.FLASHBACK_API_URL || 'https://backend.flashback.tech' }}"
        assert step["env"] == {
            name: f"${{{{ secrets.{name} }}}}" for name in ("FLASHBACK_EMAIL", "FLASHBACK_PASSWORD", *names)
        }
        texts = {name: text for name, text in files(bare).items() if name.endswith(".yml")}
        assert not [name for name, text in texts.items() if b"staging]" in text or b"ANTHROPIC" in text]

    def test_environments_are_those_of_the_pipelines(self, bare):
        assert bare("init", "--ci", "github", "-e", "staging", "-e", "eu").returncode == 0
        jobs = [yaml.safe_load(text)["jobs"] for name, text in files(bare).items() if name.startswith(".github/")]
        matrices = [job["strategy"]["matrix"] for each in jobs for job in each.values() if "strategy" in job]
        assert matrices == [{"environment": ["", "staging", "eu"]}] * 3

    def test_gitlab_is_found_by_its_file_which_stays(self, bare):
        bare.write(".gitlab-ci.yml", "test: {script: [make]}\n")
        done = bare("init")
        assert "fbsync.gitlab-ci.yml: written" in done.stdout
        assert "Include fbsync.gitlab-ci.yml in your .gitlab-ci.yml." in done.stderr
        assert (bare.folder / ".gitlab-ci.yml").read_text() == "test: {script: [make]}\n"
        jobs = yaml.safe_load((bare.folder / "fbsync.gitlab-ci.yml").read_text())
        assert {name for name in jobs if name.startswith("fbsync ")} == {"fbsync plan", "fbsync apply", "fbsync drift"}

    def test_it_can_be_told(self, bare):
        assert ".gitlab-ci.yml: written" in bare("init", "--ci", "gitlab").stdout
        assert ".gitlab-ci.yml: unchanged" in bare("init").stdout
        assert "pipeline" not in bare("init", "--ci", "none").stdout


@pytest.fixture
def remote(bare):
    """Make the folder a repository with a remote."""
    for words in (
        ["init", "--quiet", "--bare", ".git-remote"],
        ["init", "--quiet", "--initial-branch=main"],
        ["remote", "add", "origin", ".git-remote"],
    ):
        subprocess.run(["git", *words], cwd=bare.folder, check=True)
    return bare


@pytest.mark.parametrize("ci", ["github", "gitlab", "none"])
def test_a_known_state_in_git_works_by_the_lines_that_it_ends_with(remote, ci):
    done = remote("init", "--ci", ci, "--state", "git", "-e", "staging", "--workspace-id", "ws-1")
    assert done.returncode == 0, done.stderr
    text = (remote.folder / "fbsync.yaml").read_text()
    assert yaml.safe_load(text)["state"] == "git"
    assert "fbsync.lock" not in text
    assert remote("validate", "--strict").returncode == 0
    assert remote("plan").returncode == 8
    for line in ("fbsync state init ", "fbsync state init -e staging "):
        assert f"  {line}" in done.stderr
        assert remote(*line.split()[1:]).returncode == 0
    assert "Plan: 1 to add" in remote("plan", "-e", "staging").stdout
    texts = [text.decode() for name, text in files(remote).items() if name.endswith(".yml")]
    assert len(texts) == {"github": 4, "gitlab": 1, "none": 0}[ci]
    assert not any("record.sh" in text or "persist-credentials: false" in text for text in texts)
    assert sum("FBSYNC_STATE: git" in text for text in texts) == (ci != "none")
    again = remote("init", "--ci", ci, "--format", "json")
    assert {item["done"] for item in json.loads(again.stdout)["files"]} == {"unchanged"}


@pytest.mark.parametrize("answer", ["y", "n", ""])
def test_with_a_pipeline_it_offers_to_keep_the_known_state_in_git(remote, dialogue, answer):
    (remote.folder / ".github").mkdir()
    status, shown = dialogue("", "", answer)
    assert status == 0, shown
    assert shown.count("(state: git)") == 1
    assert ("state: git" in (remote.folder / "fbsync.yaml").read_text()) is (answer == "y")
    assert ("fbsync state init" in shown) is (answer == "y")


def test_a_folder_that_cannot_be_written_to_is_told(bare):
    (bare.folder / ".env.example").mkdir()
    done = bare("init")
    assert done.returncode == 1
    assert ".env.example cannot be written: Is a directory" in done.stderr


@pytest.fixture
def dialogue(bare):
    """Answer the questions on a terminal; return the exit status and what was shown."""

    def hold(*answers):
        master, slave = pty.openpty()
        process = subprocess.Popen(
            [sys.executable, "-m", "fbsync", "init"],
            cwd=bare.folder,
            env={**bare.environment, "TERM": "xterm"},
            stdin=slave,
            stdout=slave,
            stderr=slave,
        )
        os.close(slave)
        shown, answered = b"", 0
        waiting = list(answers)
        while True:
            try:
                shown += os.read(master, 1024)
            except OSError:
                break
            # The blank after a question may come by itself. It is not another question.
            if waiting and shown[answered:].rstrip(b" ").endswith((b"]:", b"):")):
                os.write(master, waiting.pop(0).encode() + b"\n")
                answered = len(shown)
        os.close(master)
        return process.wait(), shown.decode()

    return hold


def test_on_a_terminal_it_asks(bare, dialogue, server):
    status, shown = dialogue("google, aws", "")
    assert status == 0, shown
    text = (bare.folder / "fbsync.yaml").read_text()
    assert "- name: Gemini" in text
    assert "- name: Bedrock" in text
    assert "workspaceId: $FLASHBACK_WORKSPACE_ID" in text
    assert [request.path for request in server.requests] == ["/user/profile", "/workspace"]


def test_a_workspace_is_chosen_by_its_number(bare, dialogue, sandbox):
    status, shown = dialogue("", "1")
    assert status == 0, shown
    listed = [line.strip() for line in shown.splitlines() if line.strip().startswith("1: ")]
    assert listed, shown
    name, _, rest = listed[0].removeprefix("1: ").partition(" (")
    text = (bare.folder / "fbsync.yaml").read_text()
    assert f"workspaceId: {rest.rstrip(')')}\n" in text
    assert f"# The workspace is {name}.\n" in text


def test_only_what_was_offered_is_taken(bare, dialogue):
    status, shown = dialogue("", "100000", "0", "ws-nowhere", "²", "ws-test-7")
    assert status == 0, shown
    assert shown.count("is neither a number from 1 to ") == 4
    assert "workspaceId: ws-test-7\n" in (bare.folder / "fbsync.yaml").read_text()


def test_without_a_token_it_says_how_to_get_one(bare, dialogue):
    bare.environment["FLASHBACK_TOKEN"] = ""
    status, shown = dialogue("", "ws-mine")
    assert status == 0, shown
    assert shown.index("Sign in with FLASHBACK_EMAIL") < shown.index("Workspace (its id")


def test_without_a_server_a_workspace_is_typed(bare, dialogue):
    bare.environment["FLASHBACK_API_URL"] = "http://127.0.0.1:9"
    status, shown = dialogue("openai", "ws-typed")
    assert status == 0, shown
    assert "The workspaces cannot be listed: http://127.0.0.1:9 refused the connection" in shown
    assert "workspaceId: ws-typed\n" in (bare.folder / "fbsync.yaml").read_text()


@pytest.mark.parametrize(
    ("url", "folder"),
    [
        ("git@gitlab.com:me/github-tools.git", ".gitlab-ci.yml"),
        ("https://me@gitlab.example.com/github/x", ".gitlab-ci.yml"),
        ("ssh://git@github.example.com:22/gitlab/x", ".github"),
        ("https://github.com/gitlab/x", ".github"),
        ("/srv/github/x.git", None),
        ("../gitlab/x.git", None),
    ],
)
def test_the_ci_system_is_that_of_the_remotes_host(bare, url, folder):
    bare.write(".git/config", f'[remote "origin"]\n\turl = {url}\n')
    assert bare("init").returncode == 0
    there = {name.split("/")[0] for name in files(bare)} & {".github", ".gitlab-ci.yml"}
    assert there == ({folder} if folder else set())


@pytest.mark.parametrize("given", ["", " ", "ws one"])
def test_what_is_no_id_is_refused_before_anything_is_written(bare, given):
    done = bare("init", "--workspace-id", given)
    assert done.returncode == 64
    assert "contain whitespace" in done.stderr
    assert files(bare) == {}


def test_what_was_written_before_a_failure_is_told(bare):
    (bare.folder / ".gitignore").mkdir()
    done = bare("init")
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith(
        "fbsync.yaml: written\nfbsync.schema.json: written\n.env.example: written\nerror: .gitignore cannot be"
    )
    shown = json.loads(bare("init", "--format", "json").stdout)
    assert validate(Kind.RESULT, shown) == ()


@pytest.mark.parametrize("wrong", ["ws one", "ws/1", "it's", "..", "ws\n1"])
def test_an_id_that_no_manifest_may_hold_is_refused_and_nothing_is_written(bare, wrong):
    done = bare("init", "--workspace-id", wrong)
    assert done.returncode == 64
    assert "--workspace-id" in done.stderr
    assert list(bare.folder.iterdir()) == []
