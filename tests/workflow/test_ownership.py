"""Ownership: which manifest declares an entry, and whether a run reads that manifest."""

from pathlib import Path

import pytest

from fbsync.manifest.sources import shown_path
from fbsync.workflow.ownership import Manifests
from fbsync.workflow.target import Where


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "llms").mkdir()
    return tmp_path


def manifests(*files, **more):
    return Manifests(Where(files=tuple(map(Path, files)), **more))


def test_a_manifest_is_named_from_the_lockfiles_folder():
    assert manifests("llms/a.yaml").declaring("llms/a.yaml") == "a.yaml"
    assert manifests("llms/a.yaml", lock_file=Path("state/x.lock")).declaring("llms/a.yaml") == "../llms/a.yaml"
    assert manifests("llms/a.yaml", "b.yaml").declaring("llms/a.yaml") == "llms/a.yaml"


def test_a_folder_stands_for_its_files():
    assert manifests("llms").declaring("llms/a.yaml") == "."
    assert manifests("llms", "b.yaml").declaring("llms/a.yaml") == "llms"
    assert manifests(".").declaring("a.yaml") == "."


def test_it_does_not_matter_how_the_path_is_written(folder):
    assert manifests(str(folder / "llms/a.yaml")).declaring(str(folder / "llms/a.yaml")) == "a.yaml"


def test_a_run_reads_what_it_is_given_and_nothing_beside_it():
    one = manifests("llms/a.yaml")
    assert one.reads("a.yaml")
    assert one.reads(None)
    assert not one.reads("b.yaml")
    assert not one.reads(".")


def test_a_run_over_a_folder_reads_each_file_in_it_those_that_are_gone_as_well():
    both = manifests("llms")
    assert both.reads(".")
    assert both.reads("a.yaml")
    assert not both.reads("deeper/a.yaml")
    assert not both.reads("../b.yaml")


@pytest.mark.parametrize("file", ["\udcff.yaml", "llms/\udcff.yaml"])
def test_a_name_that_is_not_text_is_named_as_positions_show_it(file):
    given = manifests(file, lock_file=Path("x.lock"))
    assert given.reads(given.declaring(shown_path(Path(file))))


def test_standard_input_is_a_manifest_of_its_own():
    piped = manifests("-", lock_file=Path("x.lock"))
    assert piped.declaring("<stdin>") == "<stdin>"
    assert piped.reads("<stdin>")
    assert not piped.reads("fbsync.yaml")
    assert manifests(".", "-", lock_file=Path("x.lock")).declaring("<stdin>") == "<stdin>"
