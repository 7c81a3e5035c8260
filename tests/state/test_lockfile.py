import json
import os
import stat
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from records import locked

from fbsync.model.configurations import Field, LockedCredential, LockedLlm
from fbsync.model.errors import FbsyncError, InvalidInput
from fbsync.schema.validate import Kind, validate
from fbsync.state.documents import SIZE_LIMIT
from fbsync.state.fingerprint import Method, Parameters
from fbsync.state.lockfile import Lockfile, lockfile_text, parse_lockfile, read_lockfile, write_lockfile

SCRYPT = Parameters(method=Method.SCRYPT, salt="c2FsdHNhbHRzYWx0c2FsdA")
HMAC = Parameters(method=Method.HMAC, check="c2FsdHNhbHRz")
EMPTY = Lockfile(api_url="https://api.example.com", fingerprints=SCRYPT)

SERVED = (Field.NAME, Field.AI_TYPE, Field.ENDPOINT)
words = st.text(min_size=1, max_size=12)
credentials = st.builds(
    LockedCredential,
    reference=st.from_regex(r"\A[A-Z_][A-Z0-9_]{0,8}\Z"),
    fingerprint=st.none() | st.just("") | words,
    sent_on=st.none() | st.dates().map(str),
)
llms = st.builds(
    LockedLlm,
    id=words,
    name=words,
    workspace_id=words,
    ai_type=words,
    endpoint=st.text(max_size=12),
    secret=credentials,
    key=st.none() | credentials,
    protect=st.booleans(),
    previous_name=st.none() | words,
    workspace_template=st.none() | words,
    endpoint_template=st.none() | words,
    declared_in=st.none() | words,
    served=st.sets(st.sampled_from(SERVED)).map(
        lambda fields: tuple((field, "x") for field in SERVED if field in fields)
    ),
    key_mask=st.none() | st.just("0123456789abcdef"),
)
lists = st.lists(llms, unique_by=(lambda llm: llm.id, lambda llm: llm.identity), max_size=5)


@given(lists, st.sampled_from([SCRYPT, HMAC]), st.none() | words, st.booleans())
def test_it_reads_back_as_it_was_written_and_fits_its_schema(entries, how, environment, masked):
    lockfile = Lockfile(
        api_url="https://api.example.com", fingerprints=how, environment=environment, keys_masked=masked
    ).with_llms(entries)
    text = lockfile_text(lockfile)
    assert parse_lockfile(text, path="fbsync.lock") == lockfile
    assert validate(Kind.LOCKFILE, json.loads(text)) == ()


@given(lists)
def test_the_order_of_entries_does_not_show(entries):
    assert lockfile_text(EMPTY.with_llms(entries)) == lockfile_text(EMPTY.with_llms(reversed(entries)))


def test_an_entry_is_a_block_of_lines_of_its_own():
    one = lockfile_text(EMPTY.with_llms([locked("A"), locked("C")])).splitlines()
    two = lockfile_text(EMPTY.with_llms([locked("A"), locked("B"), locked("C")])).splitlines()
    added = [line for line in two if line not in one]
    assert added == ['      "name": "B",', '      "id": "id-B",']
    assert len(two) - len(one) == 11


def test_there_is_none(tmp_path):
    assert read_lockfile(tmp_path / "fbsync.lock") is None


def test_it_is_written_in_one_step_and_keeps_its_permissions(tmp_path):
    path = tmp_path / "fbsync.lock"
    write_lockfile(path, EMPTY)
    assert stat.S_IMODE(path.stat().st_mode) == 0o644
    path.chmod(0o600)
    before = path.stat().st_ino
    write_lockfile(path, EMPTY.with_llms([locked()]))
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert path.stat().st_ino != before
    assert [path.name for path in tmp_path.iterdir()] == ["fbsync.lock"]


def test_a_folder_that_is_not_there_is_an_error_and_leaves_nothing(tmp_path):
    with pytest.raises(FbsyncError, match="cannot be written"):
        write_lockfile(tmp_path / "none" / "fbsync.lock", EMPTY)
    assert list(tmp_path.iterdir()) == []


GOOD = lockfile_text(EMPTY.with_llms([locked("A"), locked("B")]))


def mistake(text):
    with pytest.raises(InvalidInput) as caught:
        parse_lockfile(text, path="fbsync.lock")
    return caught.value.findings


class TestMistakes:
    """A lockfile is input, too: mistakes are reported with their place, and it is never treated as empty."""

    @pytest.mark.parametrize("cut", range(0, len(GOOD) - 2, 37))
    def test_cut_short(self, cut):
        (finding,) = mistake(GOOD[:cut])
        assert finding.rule == "lockfile-syntax"
        assert finding.position.line == GOOD[:cut].count("\n") + 1

    def test_of_a_newer_version(self):
        (finding,) = mistake(GOOD.replace('"version": 2', '"version": 3'))
        assert finding.rule == "lockfile-newer"
        assert "format version 3" in finding.message

    def test_of_an_older_version(self):
        (finding,) = mistake(GOOD.replace('"version": 2', '"version": 1').replace('  "environment": null,\n', ""))
        assert finding.rule == "lockfile-older"
        assert "--adopt" in finding.remedy

    @pytest.mark.parametrize("cost", [1024, 8192, 1 << 20])
    def test_fingerprint_parameters_that_fbsync_does_not_write(self, cost):
        (finding,) = mistake(GOOD.replace('"n": 4096', f'"n": {cost}'))
        assert finding.position.line == GOOD[: GOOD.index('"n"')].count("\n") + 1

    def test_with_a_merge_conflict(self):
        lines = GOOD.splitlines()
        lines[8:8] = ["<<<<<<< HEAD"]
        lines[12:12] = ["=======", ">>>>>>> branch"]
        (finding,) = mistake("\n".join(lines))
        assert (finding.rule, finding.position.line) == ("conflict-marker", 9)

    def test_edited_by_hand(self):
        findings = mistake(
            GOOD.replace('"id": "id-B"', '"id": 7').replace('"aiType": "OPENAI"', '"aitype": "OPENAI"', 1)
        )
        lines = GOOD.splitlines()
        assert {(finding.rule, finding.position.line) for finding in findings} == {
            ("lockfile-unknown-key", next(at for at, line in enumerate(lines, 1) if "aiType" in line)),
            ("lockfile-wrong-type", next(at for at, line in enumerate(lines, 1) if "id-B" in line)),
        }

    @pytest.mark.parametrize("twice", [("id-B", "id-A"), ('"name": "B"', '"name": "A"')])
    def test_an_entry_twice(self, twice):
        assert [finding.rule for finding in mistake(GOOD.replace(*twice))] == ["lockfile-twice"]

    def test_a_key_twice(self):
        (finding,) = mistake(GOOD.replace('"id": "id-A",', '"id": "id-A", "id": "id-Z",'))
        assert finding.rule == "lockfile-syntax"

    def test_fingerprints_that_cannot_be_made(self):
        assert [
            finding.rule
            for finding in mistake(GOOD.replace(', "salt"', "").replace('"salt": "c2FsdHNhbHRzYWx0c2FsdA",', ""))
        ] == ["lockfile-fingerprints"]

    @pytest.mark.parametrize("text", ["", "[]", "null", "7", "{}", "[" * 100_000, '{"a":' * 5_000])
    def test_something_else_altogether(self, text):
        assert mistake(text)

    def test_not_utf8(self, tmp_path):
        path = tmp_path / "fbsync.lock"
        path.write_bytes(GOOD.encode("utf-16"))
        with pytest.raises(InvalidInput, match="invalid"):
            read_lockfile(path)

    def test_a_folder(self, tmp_path):
        with pytest.raises(FbsyncError, match="cannot be read"):
            read_lockfile(tmp_path)

    def test_a_link_a_device_and_a_pipe(self, tmp_path):
        (tmp_path / "real.lock").write_text(GOOD)
        (tmp_path / "link.lock").symlink_to("real.lock")
        with pytest.raises(FbsyncError, match="symbolic link"):
            read_lockfile(tmp_path / "link.lock")
        os.mkfifo(tmp_path / "pipe.lock")
        for path in (tmp_path / "pipe.lock", Path("/dev/zero")):
            with pytest.raises(FbsyncError, match="not a regular file"):
                read_lockfile(path)
        with pytest.raises(FbsyncError, match="symbolic link"):
            write_lockfile(tmp_path / "link.lock", EMPTY)

    def test_a_file_beyond_what_fbsync_writes(self, tmp_path):
        path = tmp_path / "fbsync.lock"
        with path.open("wb") as stream:
            stream.truncate(SIZE_LIMIT + 1)
        with pytest.raises(FbsyncError, match="more than fbsync ever writes"):
            read_lockfile(path)
