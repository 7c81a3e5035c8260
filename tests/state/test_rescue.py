"""A rescue file fits only the lockfile that it was made for."""

from dataclasses import replace

import pytest
from records import locked

from fbsync.model.errors import FbsyncError, InvalidInput
from fbsync.state.fingerprint import Method, Parameters
from fbsync.state.lockfile import Lockfile
from fbsync.state.rescue import recover_rescued, rescue_path, save_rescue

EMPTY = Lockfile(
    api_url="https://api.example.com", fingerprints=Parameters(method=Method.SCRYPT, salt="c2FsdHNhbHRzYWx0c2FsdA")
)
BEFORE = EMPTY.with_llms([locked("A")])
AFTER = EMPTY.with_llms([locked("A"), locked("B")])
OTHER = replace(EMPTY, fingerprints=replace(EMPTY.fingerprints, salt="b3RoZXJvdGhlcm90aGVyMQ"))


@pytest.fixture
def recover(tmp_path):
    path = tmp_path / "fbsync.lock"

    def recovered(base, on_disk, begun=None):
        save_rescue(path, AFTER, tmp_path / "state", base=base)
        return recover_rescued(path, on_disk, tmp_path / "state", begun=begun)

    return recovered


def test_it_takes_the_place_of_what_it_was_made_for(recover):
    assert recover(BEFORE, BEFORE) == AFTER


def test_what_the_lockfile_holds_already_does_no_harm(recover):
    assert recover(BEFORE, AFTER) == AFTER


def test_a_first_one_fits_the_journal_that_was_begun(recover):
    assert recover(None, None, begun=EMPTY) == AFTER


@pytest.mark.parametrize(
    ("base", "on_disk", "begun"),
    [
        (BEFORE, EMPTY.with_llms([locked("C")]), None),
        (BEFORE, OTHER, None),
        (None, BEFORE, None),
        (BEFORE, None, EMPTY),
        (None, None, None),
        (None, None, OTHER),
        (None, None, replace(EMPTY, environment="staging")),
    ],
)
def test_another_lockfile_in_its_place_is_refused(recover, base, on_disk, begun):
    with pytest.raises(FbsyncError, match="different lockfile"):
        recover(base, on_disk, begun)


def test_there_is_none(tmp_path):
    assert recover_rescued(tmp_path / "fbsync.lock", BEFORE, tmp_path) == BEFORE


def test_a_link_is_refused(tmp_path):
    path = tmp_path / "fbsync.lock"
    rescue_path(path, tmp_path).symlink_to("/dev/zero")
    with pytest.raises(FbsyncError, match="symbolic link"):
        recover_rescued(path, None, tmp_path)


@pytest.mark.parametrize("text", ["", "no rescue file\n{", "first\n{}", '"rescue of x"\n{"version": 1}', "\xff"])
def test_one_that_cannot_be_read_is_called_what_it_is(tmp_path, text):
    path = tmp_path / "fbsync.lock"
    rescue_path(path, tmp_path).write_bytes(text.encode("latin-1"))
    with pytest.raises(InvalidInput) as caught:
        recover_rescued(path, BEFORE, tmp_path)
    for finding in caught.value.findings:
        assert finding.message.startswith("the rescue file ")
        assert "lockfile" not in finding.message
        assert "move the file away" in finding.remedy
        assert finding.position.file == str(rescue_path(path, tmp_path))
