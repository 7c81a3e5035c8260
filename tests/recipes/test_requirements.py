"""The lock file for pipelines: it matches pyproject.toml, is complete, and has a hash for everything."""

import json
import re
import subprocess
import sys
import tomllib
from importlib.metadata import PackageNotFoundError, requires

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from runner import ROOT

FOLDER = ROOT / "requirements"
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())
ENTRY = re.compile(r"^([^\s#].*?) \\\n((?:    --hash=sha256:[0-9a-f]{64}(?: \\)?\n)+)", re.MULTILINE)


@pytest.fixture(scope="module")
def locked():
    """The requirements by their names, each with its hashes."""
    text = (FOLDER / "install.txt").read_text()
    entries = [(Requirement(line), hashes.count("--hash=")) for line, hashes in ENTRY.findall(text)]
    lines = [line for line in text.splitlines() if line and not line.startswith((" ", "#"))]
    assert len(entries) == len(lines)
    return {canonicalize_name(entry.name): (entry, hashes) for entry, hashes in entries}


def version(entry):
    (pin,) = entry.specifier
    assert pin.operator == "=="
    return pin.version


def test_everything_has_one_version_and_a_hash(locked):
    assert all(version(entry) and hashes for entry, hashes in locked.values())


def needs():
    declared = [*PROJECT["project"]["dependencies"], *PROJECT["build-system"]["requires"]]
    return [Requirement(text) for text in declared]


@pytest.mark.parametrize("need", needs(), ids=str)
def test_it_fits_pyproject(locked, need):
    entry, _ = locked[canonicalize_name(need.name)]
    assert need.specifier.contains(version(entry)), "run: sh requirements/lock.sh"


def test_the_build_tools_are_those_of_pyproject():
    text = (FOLDER / "build.in").read_text()
    assert [line for line in text.splitlines() if not line.startswith("#")] == PROJECT["build-system"]["requires"]


def test_it_holds_what_its_packages_need_in_turn(locked):
    """Check each package that is installed here by its own metadata."""
    seen = 0
    for name in locked:
        try:
            below = [Requirement(text) for text in requires(name) or ()]
        except PackageNotFoundError:
            continue
        due = [need for need in below if need.marker is None or need.marker.evaluate({"extra": ""})]
        assert {canonicalize_name(need.name) for need in due} <= set(locked), name
        seen += len(due)
    assert seen > 5


def audit(*packages):
    return subprocess.run(
        [sys.executable, ROOT / ".ci" / "audit.py", "-"],
        input=json.dumps({"dependencies": packages}),
        capture_output=True,
        text=True,
        check=False,
    )


FINE = {"name": "click", "version": "8.2", "vulns": []}
UNKNOWN = {"name": "x", "skip_reason": "Dependency not found on PyPI and could not be audited"}
BAD = {"name": "h11", "version": "0.1", "vulns": [{"id": "CVE-1", "fix_versions": ["0.16.0"]}]}


@pytest.mark.parametrize(
    ("packages", "status", "words"),
    [
        ([FINE, UNKNOWN], 0, "1 packages checked, 0 vulnerabilities, 1 packages unknown"),
        ([FINE, BAD], 1, "h11 0.1: CVE-1, fixed in 0.16.0"),
        ([UNKNOWN], 0, "skipped"),
        ([], 0, "skipped"),
    ],
)
def test_an_audit_that_could_not_look_does_not_say_that_all_is_well(packages, status, words):
    done = audit(*packages)
    assert done.returncode == status, done.stderr
    assert words in done.stdout
