"""Run the jobs of a workflow file as GitHub's runner does, so that the tests run the real steps.

Scripts run in bash, and the composite action by its own steps. The three official actions are replaced (by a clone
and a folder of artifacts), and so is GitHub's API (by the script `gh` in this folder). An unknown expression, action or
condition is an error.
"""

import os
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass, field
from itertools import product
from pathlib import Path

import yaml

ROOT = Path(__file__).parents[2]
EXAMPLE = ROOT / "examples" / "github-actions"
WORKFLOWS = EXAMPLE / "workflows"
MANIFEST = (EXAMPLE / "fbsync.yaml").read_text()
CREDENTIALS = {"OPENAI_API_KEY": "canary-openai-41", "ANTHROPIC_API_KEY": "canary-anthropic-42"}
RECORD = "Record what fbsync applied [skip ci]"
HERE = Path(__file__).parent
_SHELLS = {None: ["bash", "-e"], "bash": ["bash", "--noprofile", "--norc", "-eo", "pipefail"]}
_NAME = re.compile(r"'[^']*'|[A-Za-z_][\w-]*(?:\.[A-Za-z_][\w-]*)*(?:\(\))?")


def evaluate(expression, contexts):
    """Evaluate one of GitHub's expressions, with what the recipes use: names, strings, !, &&, ||, ==, != and ()."""
    names = {}

    def named(match):
        word = match[0]
        if word.startswith("'"):
            return repr(word[1:-1])
        if word.endswith("()"):
            value = {"always()": True, "cancelled()": contexts["cancelled"]}[word]
        else:
            value = contexts
            for part in word.split("."):
                value = value.get(part, "") if isinstance(value, dict) else ""
        names[key := f"v{len(names)}"] = value
        return key

    python = _NAME.sub(named, expression)
    python = re.sub(r"!(?!=)", " not ", python).replace("&&", " and ").replace("||", " or ")
    return eval(python, {"__builtins__": {}}, names)  # the recipes' own text


def expand(text, contexts):
    def value(match):
        found = evaluate(match[1].strip(), contexts)
        return {True: "true", False: "false"}.get(found, found) if isinstance(found, bool) else str(found)

    return re.sub(r"\$\{\{(.*?)\}\}", value, str(text))


def outputs(file):
    return dict(line.partition("=")[::2] for line in file.read_text().splitlines())


@dataclass
class StepResult:
    name: str
    returncode: int
    log: str


@dataclass
class JobResult:
    steps: list = field(default_factory=list)
    contexts: dict = field(default_factory=dict)
    summary: str = ""

    @property
    def succeeded(self):
        return all(step.returncode == 0 for step in self.steps)

    @property
    def log(self):
        return "".join(step.log for step in self.steps)

    @property
    def outputs(self):
        return {name: step["outputs"] for name, step in self.contexts["steps"].items()}


class Runner:
    """Run the jobs of a workflow, each on a new machine.

    ``before`` may name steps before which something happens elsewhere, and ``pushed_to`` another URL of the remote.
    ``keeps_credentials``: whether the workflow's checkout keeps the credentials; other workflows must not.
    """

    def __init__(self, folder, *, remote, github, secrets, environment, gh_state):
        self.folder = folder
        self.remote = remote
        self.github = github
        self.secrets = secrets
        self.environment = environment
        self.gh_state = gh_state
        self.artifacts = folder / "artifacts"
        self.before = {}
        self.pushed_to = None
        self.keeps_credentials = False
        self._jobs = 0

    def run(self, workflow):
        """Run every job of a workflow's matrix in turn; return the results."""
        text = yaml.load((WORKFLOWS / workflow).read_text(), yaml.BaseLoader)
        [job] = text["jobs"].values()
        matrix = job.get("strategy", {}).get("matrix", {})
        results = []
        for values in product(*matrix.values()):
            contexts = {
                "github": self.github,
                "secrets": self.secrets,
                "vars": {name: self.environment[name] for name in ("FLASHBACK_API_URL",) if name in self.environment},
                "matrix": dict(zip(matrix, values, strict=True)),
                "cancelled": False,
                "steps": {},
            }
            if "if" not in job or evaluate(job["if"], contexts):
                results.append(self._job(job, contexts))
        return results

    def _job(self, job, contexts):
        self._jobs += 1
        machine = self.folder / f"machine-{self._jobs}"
        workspace, temp = machine / "work", machine / "temp"
        for path in (workspace, temp / "fbsync-venv" / "bin"):
            path.mkdir(parents=True)
        # As after a first use of the action. Another test covers its installation.
        (temp / "fbsync-venv" / "bin" / "fbsync").symlink_to(Path(sys.executable).parent / "fbsync")
        summary = machine / "summary"
        contexts["runner"] = {"temp": str(temp)}
        environment = {
            "PATH": f"{HERE}:{os.environ['PATH']}",
            "HOME": str(machine),
            "RUNNER_TEMP": str(temp),
            "GITHUB_REPOSITORY": "someone/models",
            "GITHUB_SERVER_URL": "https://github.com",
            "GITHUB_STEP_SUMMARY": str(summary),
            "GH_STATE": str(self.gh_state),
            "GIT_CONFIG_GLOBAL": os.devnull,
            **self.environment,
        }
        result = JobResult(contexts=contexts)
        self._steps(job["steps"], contexts, environment, workspace, result, folder=None)
        result.summary = summary.read_text() if summary.exists() else ""
        return result

    def _steps(self, steps, contexts, environment, workspace, result, *, folder):
        for step in steps:
            if not self._due(step, contexts, result):
                continue
            if act := self.before.pop(step.get("name"), None):
                act()
            given = {name: expand(value, contexts) for name, value in step.get("env", {}).items()}
            used = {name: expand(value, contexts) for name, value in step.get("with", {}).items()}
            action = step.get("uses", "").partition("@")[0]
            match action:
                case "":
                    self._script(step, contexts, environment | given, workspace, result, folder)
                case "actions/checkout":
                    self._checkout(used, workspace)
                case "actions/upload-artifact":
                    self._upload(used)
                case "actions/download-artifact":
                    shutil.copytree(self.artifacts, used["path"], symlinks=True)
                case "./.fbsync":
                    self._action(step, used, contexts, environment | given, workspace, result)
                case _:
                    raise AssertionError(action)

    def _due(self, step, contexts, result):
        condition = step.get("if", "success")
        condition = condition.removeprefix("${{").removesuffix("}}").strip()
        if condition == "success":
            return result.succeeded
        due = evaluate(condition, contexts)
        return due if re.search(r"(always|cancelled)\(\)", condition) else due and result.succeeded

    def _script(self, step, contexts, environment, workspace, result, folder):
        files = {name: workspace.parent / f"{name}-{len(result.steps)}" for name in ("GITHUB_OUTPUT", "GITHUB_PATH")}
        for file in files.values():
            file.touch()
        if folder:
            environment = environment | {"GITHUB_ACTION_PATH": str(folder)}
        script = workspace.parent / "script.sh"
        script.write_text(expand(step["run"], contexts))
        done = subprocess.run(
            [*_SHELLS[step.get("shell")], script],
            cwd=workspace / expand(step.get("working-directory", "."), contexts),
            env=environment | {name: str(file) for name, file in files.items()},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        if "id" in step:
            contexts["steps"][step["id"]] = {"outputs": outputs(files["GITHUB_OUTPUT"])}
        result.steps.append(StepResult(step.get("name"), done.returncode, done.stdout))

    def _action(self, step, given, contexts, environment, workspace, result):
        folder = workspace / ".fbsync"
        action = yaml.load((folder / "action.yml").read_text(), yaml.BaseLoader)
        assert set(given) <= set(action["inputs"])
        inputs = {name: one.get("default", "") for name, one in action["inputs"].items()} | given
        inner = {**contexts, "inputs": inputs, "steps": {}}
        own = JobResult(contexts=inner)
        self._steps(action["runs"]["steps"], inner, environment, workspace, own, folder=folder)
        result.steps += own.steps
        if "id" in step:
            values = {name: expand(one["value"], inner) for name, one in action["outputs"].items()}
            contexts["steps"][step["id"]] = {"outputs": values}

    def _checkout(self, used, workspace):
        """Check out the branch's tip if ``ref`` names it, or else the commit that started the workflow."""
        assert used["persist-credentials"] == ("true" if self.keeps_credentials else "false")
        branch = self.github["ref_name"]
        assert used.get("ref") in (None, branch)
        git("clone", "--quiet", "--depth=1", "--branch", branch, self.remote.as_uri(), workspace)
        if "ref" not in used:
            git("fetch", "--quiet", "--depth=1", "origin", self.github["sha"], cwd=workspace)
            git("checkout", "--quiet", "--detach", self.github["sha"], cwd=workspace)
        git("submodule", "--quiet", "update", "--init", cwd=workspace)
        if self.pushed_to:
            git("remote", "set-url", "origin", self.pushed_to, cwd=workspace)

    def _upload(self, used):
        target = self.artifacts / used["name"]
        target.mkdir(parents=True)
        for path in used["path"].split("\n"):
            if path:
                shutil.copy(path, target)


def git(*args, cwd=None):
    identity = {
        "GIT_AUTHOR_NAME": "t",
        "GIT_AUTHOR_EMAIL": "t@example.com",
        "GIT_COMMITTER_NAME": "t",
        "GIT_COMMITTER_EMAIL": "t@example.com",
    }
    done = subprocess.run(
        ["git", "-c", "protocol.file.allow=always", *args],
        cwd=cwd,
        env={"PATH": os.environ["PATH"], "GIT_CONFIG_GLOBAL": os.devnull, **identity},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout
