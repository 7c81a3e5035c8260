"""Which lockfile a run uses."""

from itertools import permutations
from pathlib import Path

import pytest

from fbsync.model.errors import FbsyncError
from fbsync.workflow.target import Where


def lock_path(*files, **more):
    return Where(files=tuple(map(Path, files)), **more).lock_path


@pytest.mark.parametrize(
    ("file", "lockfile"),
    [
        ("fbsync.yaml", "fbsync.lock"),
        ("team-a.yaml", "team-a.lock"),
        ("team-a.yml", "team-a.lock"),
        ("deploy/team.b.yaml", "deploy/team.b.lock"),
        ("manifest.json", "manifest.json.lock"),
    ],
)
def test_a_manifest_has_its_lockfile_beside_it(file, lockfile):
    assert lock_path(file) == Path(lockfile)


def test_an_environment_has_its_own():
    assert lock_path("team-a.yaml", environment="staging") == Path("team-a.staging.lock")


def test_a_folder_has_it_inside(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("llms").mkdir()
    assert lock_path("llms") == Path("llms/fbsync.lock")
    assert lock_path("llms", environment="staging") == Path("llms/fbsync.staging.lock")


def test_several_manifests_have_it_in_the_deepest_folder_that_holds_them_all_in_any_order():
    files = ("deploy/a/one.yaml", "deploy/b/c/two.yaml", "deploy/b/three.yaml")
    assert {lock_path(*order) for order in permutations(files)} == {Path("deploy/fbsync.lock")}


def test_several_manifests_outside_of_the_current_folder(tmp_path, monkeypatch):
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    assert lock_path("../x/one.yaml", "two.yaml") == Path("../fbsync.lock")
    assert lock_path(str(tmp_path / "x/one.yaml"), "two.yaml") == tmp_path / "fbsync.lock"


def test_one_manifest_given_twice_is_one_manifest():
    assert lock_path("team-a.yaml", "./team-a.yaml") == Path("team-a.lock")


def test_a_folder_for_the_known_state_holds_it():
    assert lock_path("deploy/team-a.yaml", state="file:state", environment="x") == Path("state/team-a.x.lock")
    assert lock_path("deploy/team-a.yaml", state="file") == Path("deploy/team-a.lock")


def test_standard_input_needs_a_place():
    with pytest.raises(FbsyncError, match="standard input"):
        _ = lock_path("-")
    assert lock_path("-", lock_file=Path("x.lock")) == Path("x.lock")
    assert lock_path("-", state="file:state") == Path("state/fbsync.lock")


@pytest.mark.parametrize("state", ["file:", "floppy:a", "nowhere"])
def test_a_place_that_is_none_is_refused(state):
    with pytest.raises(FbsyncError, match="cannot be kept"):
        _ = lock_path("fbsync.yaml", state=state)
