"""What the recipes run in: a repository with fbsync as a submodule, its remote, and a sandbox as the server."""

import json
import shutil

import plain_http
import pytest
from runner import CREDENTIALS, EXAMPLE, ROOT, Runner, git
from sandboxes import running

from fbsync.sandbox.options import SandboxOptions


class World:
    """A repository that uses fbsync, with its remote, a fork, and its data on GitHub."""

    def __init__(self, folder):
        self.folder = folder
        self.remote = folder / "remote.git"
        self.state_file = folder / "github.json"
        self.runs = []
        self._make()
        self.save(pulls=[], issues=[], comments=[], calls=[])

    def _make(self):
        fbsync = self.folder / "fbsync"
        shutil.copytree(ROOT / "examples", fbsync / "examples")
        shutil.copytree(ROOT / "requirements", fbsync / "requirements")
        shutil.copy(ROOT / "action.yml", fbsync)
        self._commit_all(fbsync)
        self.mine = self.folder / "mine"
        self.mine.mkdir()
        shutil.copy(EXAMPLE / "fbsync.yaml", self.mine)
        git("init", "--quiet", "--initial-branch=main", cwd=self.mine)
        git("submodule", "--quiet", "add", fbsync.as_uri(), ".fbsync", cwd=self.mine)
        self._commit_all(self.mine)
        git("clone", "--quiet", "--bare", self.mine, self.remote)
        git("remote", "add", "origin", self.remote, cwd=self.mine)

    def _commit_all(self, folder):
        git("init", "--quiet", "--initial-branch=main", folder)
        git("add", ".", cwd=folder)
        git("commit", "--quiet", "--message", "first", cwd=folder)

    def push(self, name, text):
        """Somebody pushes a file to main."""
        git("pull", "--quiet", "--rebase", "origin", "main", cwd=self.mine)
        (self.mine / name).write_text(text)
        git("add", name, cwd=self.mine)
        git("commit", "--quiet", "--message", f"change {name}", cwd=self.mine)
        git("push", "--quiet", "origin", "main", cwd=self.mine)

    def pushed(self, name, branch="main"):
        return git("--git-dir", self.remote, "show", f"{branch}:{name}")

    def names(self, lockfile, branch="main"):
        return sorted(entry["name"] for entry in json.loads(self.pushed(lockfile, branch))["llms"])

    @property
    def history(self):
        return git("--git-dir", self.remote, "log", "--format=%s", "main").splitlines()

    @property
    def state(self):
        return json.loads(self.state_file.read_text())

    def save(self, **changes):
        before = self.state if self.state_file.exists() else {}
        self.state_file.write_text(json.dumps(before | changes))

    def runner(self, *, remote=None, github=None, secrets=None, environment=None):
        folder = self.folder / f"run-{len(self.runs)}"
        tip = git("--git-dir", self.remote, "rev-parse", "main").strip()
        runner = Runner(
            folder,
            remote=remote or self.remote,
            github={"ref_name": "main", "sha": tip, "token": "token-of-this-job", "event": {}, **(github or {})},
            secrets=secrets or {},
            environment=environment or {},
            gh_state=self.state_file,
        )
        self.runs.append(runner)
        return runner


@pytest.fixture
def world(tmp_path):
    world = World(tmp_path / "world")
    yield world
    texts = [path for path in world.folder.rglob("*") if path.is_file() and path.name != "script.sh"]
    assert not [path for path in texts if any(value.encode() in path.read_bytes() for value in CREDENTIALS.values())]


@pytest.fixture(scope="session")
def one_box():
    with running(SandboxOptions()) as box:
        yield box


@pytest.fixture
def box(request, tmp_path):
    """An empty sandbox: a new one if there is a fault script, or else a shared one that was emptied."""
    if rules := getattr(request, "param", None):
        faults = tmp_path / "faults.json"
        faults.write_text(json.dumps({"rules": rules}))
        with running(SandboxOptions(faults=faults)) as own:
            yield own
    else:
        shared = request.getfixturevalue("one_box")
        with plain_http.Client(base_url=shared.url, headers={"Authorization": f"Bearer {shared.token}"}) as client:
            for llm in client.get("/ai/llm").json()["aiLlms"]:
                client.delete(f"/ai/llm/{llm['id']}")
        yield shared
