"""Installations: the oldest and newest supported packages with each Python, as a tool, as an image, and a release."""

import os
import re
import shlex
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
import yaml
from runner import ROOT

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())
INTERPRETERS = ("3.11", "3.12", "3.13", "3.14")


def interpreter(version):
    """A working Python of this version, or None."""
    pyenv = sorted(Path("~/.pyenv/versions").expanduser().glob(f"{version}.*/bin/python"))
    for candidate in (*map(str, pyenv), f"python{version}"):
        if path := shutil.which(candidate):
            code = "import sys; print('%d.%d' % sys.version_info[:2])"
            done = subprocess.run([path, "-c", code], capture_output=True, text=True, check=False)
            if done.stdout.strip() == version:
                return path
    return None


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    folder = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "build", "--quiet", "--wheel", "--no-isolation", "--outdir", folder, ROOT]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if "hatchling" in done.stderr + done.stdout and done.returncode:
        command.remove("--no-isolation")
        done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    [path] = folder.glob("*.whl")
    return path


@pytest.mark.thorough
@pytest.mark.parametrize("resolution", ["lowest-direct", "highest"])
@pytest.mark.parametrize("version", INTERPRETERS)
def test_it_works_with_the_oldest_and_the_newest_packages(wheel, tmp_path, version, resolution):
    python = interpreter(version)
    uv = Path(sys.executable).parent / "uv"
    if python is None or not uv.exists():
        pytest.skip(f"Python {version} is not here" if python is None else "uv is not installed")
    environment = {name: value for name, value in os.environ.items() if name != "VIRTUAL_ENV"}
    venv = tmp_path / "venv"
    subprocess.run([python, "-m", "venv", "--without-pip", venv], check=True, env=environment)
    install = [uv, "pip", "install", "--quiet", "--python", venv / "bin" / "python", "--resolution", resolution]
    done = subprocess.run([*install, f"{wheel}[sandbox]"], env=environment, capture_output=True, text=True, check=False)
    if "error sending request" in done.stderr or "dns error" in done.stderr:
        pytest.skip("the package registry cannot be reached")
    assert done.returncode == 0, done.stderr
    fbsync = venv / "bin" / "fbsync"
    newcomer = {"PATH": f"{venv / 'bin'}:/usr/bin:/bin", "HOME": str(tmp_path)}
    place = tmp_path / "models"
    place.mkdir()
    for words, expected in [
        (["--version"], "fbsync "),
        (["init", "--yes"], "fbsync.yaml: written"),
        (["validate", "--strict"], "no findings"),
        (["plan"], "Plan: 1 to add"),
        (["sandbox", "run", "--", "sh", "-c", "OPENAI_API_KEY=made-up fbsync apply --yes && fbsync drift"], "1 added"),
    ]:
        done = subprocess.run([fbsync, *words], cwd=place, env=newcomer, capture_output=True, text=True, check=False)
        assert done.returncode == 0, (words, done.stdout, done.stderr)
        assert expected in done.stdout
    assert (venv / "share" / "man" / "man1" / "fbsync-apply.1").exists()


@pytest.mark.thorough
@pytest.mark.parametrize(
    "install", [["tool", "install"], ["tool", "run", "pipx", "install"]], ids=["uv tool install", "pipx install"]
)
@pytest.mark.parametrize("extra", ["", "[sandbox]"])
def test_the_wheel_is_installed_as_a_tool(wheel, tmp_path, install, extra):
    uv = Path(sys.executable).parent / "uv"
    if not uv.exists():
        pytest.skip("uv is not installed")
    home = tmp_path / "home"
    here = {name: value for name, value in os.environ.items() if not name.startswith(("VIRTUAL_ENV", "PIPX_", "UV_"))}
    environment = here | {
        "HOME": str(home),
        "PATH": f"{home / '.local' / 'bin'}:/usr/bin:/bin",
        "UV_PYTHON": sys.executable,
        "UV_CACHE_DIR": str(wheel.parent / "cache"),
    }
    place = tmp_path / "models"
    place.mkdir(parents=True)

    def done(*command):
        return subprocess.run(command, cwd=place, env=environment, capture_output=True, text=True, check=False)

    installed = done(uv, *install, f"{wheel}{extra}")
    if "error sending request" in installed.stderr or "dns error" in installed.stderr:
        pytest.skip("the package registry cannot be reached")
    assert installed.returncode == 0, installed.stderr
    commands = {("--version",): "fbsync ", ("init", "--yes"): "written", ("validate", "--strict"): "no findings"}
    if extra:
        commands["sandbox", "run", "--", "fbsync", "workspaces"] = "ws-sandbox"
    for words, expected in commands.items():
        ran = done("fbsync", *words)
        assert ran.returncode == 0, (words, ran.stdout, ran.stderr)
        assert expected in ran.stdout


DOCKERFILE = (ROOT / "Dockerfile").read_text()


def test_the_image_is_not_run_as_root_and_holds_what_the_wheel_needs():
    last = DOCKERFILE.rpartition("\nFROM ")[2]
    assert re.search(r"^USER [1-9]\d+:[1-9]\d+$", last, re.MULTILINE)
    assert 'ENTRYPOINT ["fbsync"]' in last
    copied = re.findall(r"^COPY (?!--from)(.+) /src/", DOCKERFILE, re.MULTILINE)
    sources = {name for names in copied for name in names.split()}
    wheel = PROJECT["tool"]["hatch"]["build"]["targets"]["wheel"]
    needed = [*wheel["packages"], *wheel["force-include"], *wheel["shared-data"], PROJECT["project"]["readme"]]
    for name in (*needed, "pyproject.toml", "requirements"):
        assert any(name == source or name.startswith(f"{source}/") for source in sources), name
    assert all((ROOT / name).exists() for name in sources)
    ignored = (ROOT / ".dockerignore").read_text().splitlines()
    assert ignored[0] == "*"
    assert sources == {line[1:] for line in ignored if line.startswith("!")}


class Image:
    """The image, built by docker, podman or buildah, whichever is installed."""

    def __init__(self, program):
        self._program = program

    def build(self):
        words = shlex.split(re.search(r"^# +docker (build .*)$", DOCKERFILE, re.MULTILINE)[1])
        return subprocess.run([self._program, *words], cwd=ROOT, capture_output=True, text=True, check=False)

    def run(self, folder, *words):
        """Run ``fbsync WORDS`` in the image, with the folder mounted at /work."""
        volume = ["--volume", f"{folder}:/work"]
        if self._program == "buildah":
            container = self._output("from", "--pull-never", "fbsync")
            try:
                return self._done("run", *volume, container, "--", "fbsync", *words)
            finally:
                self._output("rm", container)
        return self._done("run", "--rm", *volume, "fbsync", *words)

    def _done(self, *words):
        return subprocess.run([self._program, *words], capture_output=True, text=True, check=False)

    def _output(self, *words):
        done = self._done(*words)
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()


@pytest.mark.thorough
def test_the_image_is_built_by_its_documented_command_and_runs(tmp_path):
    works = [name for name in ("docker", "podman", "buildah") if shutil.which(name)]
    works = [name for name in works if not subprocess.run([name, "info"], capture_output=True, check=False).returncode]
    if not works:
        pytest.skip("no docker daemon runs here, and neither podman nor buildah works")
    image = Image(works[0])
    built = image.build()
    if "pinging container registry" in built.stderr or "no such host" in built.stderr:
        pytest.skip("the registry of the base image cannot be reached")
    assert built.returncode == 0, built.stderr
    (tmp_path / "fbsync.yaml").write_text(
        "version: 1\nworkspaceId: ws-a\nllms:\n- name: A\n  aiType: OPENAI\n"
        "  endpoint: https://a.example.com\n  secret: $A_KEY\n"
    )
    tmp_path.chmod(0o755)
    for words, expected in {
        ("--version",): "fbsync ",
        ("validate",): "no findings",
        ("plan",): "Plan: 1 to add",
    }.items():
        ran = image.run(tmp_path, *words)
        assert ran.returncode == 0, ran.stderr
        assert expected in ran.stdout


RELEASE = yaml.safe_load((ROOT / ".github" / "workflows" / "release.yml").read_text())


def test_a_release_needs_no_token_and_is_attested():
    assert RELEASE["permissions"] == {}
    build, publish = RELEASE["jobs"]["build"], RELEASE["jobs"]["publish"]
    assert build["permissions"] == {"contents": "read"}
    assert publish["permissions"] == {"id-token": "write"}
    assert publish["steps"][-1]["with"] == {"attestations": True}
    assert "secrets." not in str(RELEASE)
    assert "run" not in {key for step in publish["steps"] for key in step}


def test_the_distribution_names_its_authors_and_addresses():
    project = PROJECT["project"]
    assert project["authors"] == [{"name": "the fbsync developers"}]
    assert project["urls"]
    assert all(url.startswith("https://") for url in project["urls"].values())


def test_the_version_is_in_the_changelog():
    from fbsync import __version__

    assert re.search(rf"^## {re.escape(__version__)}\b", (ROOT / "CHANGELOG.md").read_text(), re.MULTILINE)
