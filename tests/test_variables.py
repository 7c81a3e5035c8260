import os
import threading

import pytest

from fbsync.env_files import EnvFile
from fbsync.model.errors import FbsyncError, InvalidInput
from fbsync.settings import read_account
from fbsync.variables import Variables, read_variables


def test_the_real_environment_wins_over_files_and_later_files_over_earlier(tmp_path):
    (tmp_path / ".env").write_text("A=dotenv\nB=dotenv\nC=dotenv\n")
    one, two = tmp_path / "one.env", tmp_path / "two.env"
    one.write_text("B=one\nC=one\nD=one\n")
    two.write_text("C=two\n")
    variables = read_variables(folders=[tmp_path], env_files=[one, two], environment={"D": "real"})
    assert [variables.text(name) for name in "ABCDE"] == ["dotenv", "one", "two", "real", None]
    assert variables.source("A") == str(tmp_path / ".env")
    assert variables.source("C") == str(two)
    assert variables.source("D") == "environment"
    assert variables.source("E") is None


def test_the_first_folder_wins(tmp_path):
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        (tmp_path / name / ".env").write_text(f"X={name}\n")
    variables = read_variables(folders=[tmp_path / "a", tmp_path / "b"], env_files=[], environment={})
    assert variables.text("X") == "a"


def test_values_are_taken_exactly_as_written(tmp_path):
    (tmp_path / ".env").write_text("A='pa${B}$$ss'\nB=x\nexport C=\"with blank # and hash\"\n")
    variables = read_variables(folders=[tmp_path], env_files=[], environment={})
    assert variables.text("A") == "pa${B}$$ss"
    assert variables.text("C") == "with blank # and hash"


def test_an_empty_variable_is_not_set_and_falls_back_to_a_file(tmp_path):
    (tmp_path / ".env").write_text("A=from-file\nB=\n")
    variables = read_variables(folders=[tmp_path], env_files=[], environment={"A": "", "C": ""})
    assert variables.text("A") == "from-file"
    assert variables.secret("B") is None
    assert variables.is_empty("B")
    assert variables.is_empty("C")
    assert not variables.is_empty("A")
    assert not variables.is_empty("D")


def test_lines_that_are_no_assignments_are_findings_that_do_not_show_them(tmp_path):
    file = tmp_path / "my.env"
    file.write_text("GOOD=1\nthis is canary text\nBAD='unclosed-canary\n")
    with pytest.raises(InvalidInput) as caught:
        read_variables(folders=[], env_files=[file], environment={})
    findings = caught.value.findings
    assert [(finding.rule, finding.position.line) for finding in findings] == [
        ("env-file-syntax", 2),
        ("env-file-syntax", 3),
    ]
    assert "canary" not in repr(findings)


def test_a_named_file_must_be_there(tmp_path):
    with pytest.raises(InvalidInput) as caught:
        read_variables(folders=[tmp_path / "none"], env_files=[tmp_path / "no.env"], environment={})
    assert "no.env" in str(caught.value.findings[0].position)


def test_a_file_of_another_encoding_is_a_finding(tmp_path):
    file = tmp_path / "latin.env"
    file.write_bytes("A=caf\xe9\n".encode("latin-1"))
    with pytest.raises(InvalidInput) as caught:
        read_variables(folders=[], env_files=[file], environment={})
    assert "UTF-8" in caught.value.findings[0].message


def test_the_object_shows_no_value():
    variables = Variables(files=[EnvFile(path="f", values={"A": "canary-one"})], environment={"B": "canary-two"})
    assert "canary" not in repr(variables)
    assert "canary" not in repr(read_account(Variables(files=(), environment={"FLASHBACK_TOKEN": "canary"})))


def test_a_credential_that_is_not_text_is_refused_without_being_shown():
    with pytest.raises(FbsyncError, match=r"\$A") as caught:
        Variables(files=(), environment={"A": "canary\udcff"}).secret("A")
    assert "canary" not in caught.value.message


def read(folder, *env_files, environment=None, name=None):
    return read_variables(folders=[folder], env_files=env_files, environment=environment or {}, environment_name=name)


def test_the_file_of_an_environment_goes_before_the_common_one(tmp_path):
    (tmp_path / ".env").write_text("A=common\nB=common\nC=common\n")
    (tmp_path / ".env.staging").write_text("B=staging\nC=staging\n")
    (tmp_path / "named").write_text("C=named\n")
    staging = read(tmp_path, tmp_path / "named", name="staging")
    assert [staging.text(name) for name in "ABC"] == ["common", "staging", "named"]
    assert staging.source("B") == str(tmp_path / ".env.staging")
    assert staging.files == tuple(str(tmp_path / name) for name in ("named", ".env.staging", ".env"))
    assert [read(tmp_path).text(name) for name in "ABC"] == ["common"] * 3
    assert [read(tmp_path, name="prod").text(name) for name in "ABC"] == ["common"] * 3


@pytest.mark.parametrize("name", ["", "../../etc", "a/b", "a\nb", "a b", "-x", "\udcff", "x" * 65])
def test_a_name_that_no_environment_can_have_leads_to_no_file(tmp_path, name):
    with pytest.raises(FbsyncError, match="-e") as caught:
        read(tmp_path, name=name)
    assert caught.value.exit_code == 3


def test_a_file_found_by_fbsync_names_no_server_and_configures_nothing(tmp_path):
    (tmp_path / ".env").write_text("A=x\nFLASHBACK_API_URL=https://evil.example\nFBSYNC_STATE=/canary\n")
    variables = read(tmp_path)
    assert variables.text("FLASHBACK_API_URL") is None
    assert variables.source("FBSYNC_STATE") is None
    assert [(finding.position.line, finding.severity.value) for finding in variables.warnings] == [
        (2, "warning"),
        (3, "warning"),
    ]
    assert "evil" not in repr(variables.warnings)
    named = read(tmp_path / "nowhere", tmp_path / ".env")
    assert named.text("FLASHBACK_API_URL") == "https://evil.example"
    assert named.text("FBSYNC_STATE") == "/canary"
    assert named.warnings == ()


@pytest.mark.parametrize(
    ("environment", "env_file", "taken"),
    [
        ({}, "", "file"),
        ({"FLASHBACK_EMAIL": ""}, "", "file"),
        ({"FLASHBACK_EMAIL": "me@example.com"}, "", None),
        ({}, "FLASHBACK_REFRESH_TOKEN=named\n", None),
        ({"FLASHBACK_TOKEN": "real"}, "", "real"),
    ],
)
def test_means_of_signing_in_are_taken_from_one_side_only(tmp_path, environment, env_file, taken):
    (tmp_path / ".env").write_text("FLASHBACK_TOKEN=file\nFLASHBACK_PASSWORD=file\n")
    (tmp_path / "named").write_text(env_file)
    variables = read(tmp_path, tmp_path / "named", environment=environment)
    assert variables.text("FLASHBACK_TOKEN") == taken
    assert variables.text("FLASHBACK_PASSWORD") == ("file" if taken == "file" else None)


def test_a_pipe_is_read_once_like_a_file(tmp_path):
    os.mkfifo(tmp_path / ".env")
    writer = threading.Thread(target=(tmp_path / ".env").write_text, args=("A=piped\nB=x\n",))
    writer.start()
    variables = read(tmp_path)
    writer.join()
    assert [variables.text(name) for name in "AB"] == ["piped", "x"]


@pytest.mark.parametrize("device", ["/dev/zero", "/dev/null"])
def test_a_device_is_refused_unread(tmp_path, device):
    (tmp_path / ".env").symlink_to(device)
    for call in (lambda: read(tmp_path), lambda: read(tmp_path / "nowhere", tmp_path / ".env")):
        with pytest.raises(InvalidInput) as caught:
            call()
        assert [finding.rule for finding in caught.value.findings] == ["env-file-unreadable"]
        assert "a device" in caught.value.findings[0].message


def test_a_folder_of_that_name_holds_a_python_environment_and_no_variables(tmp_path):
    (tmp_path / ".env").mkdir()
    assert read(tmp_path).files == ()
    with pytest.raises(InvalidInput, match="invalid") as caught:
        read(tmp_path, tmp_path / ".env")
    assert "a folder" in caught.value.findings[0].message


@pytest.mark.parametrize(
    ("text", "why"), [("A=1\n" * 300_000, "larger than 1 MiB"), ("A=\n" * 20_000, "more than 10,000 lines")]
)
def test_a_file_that_is_too_long_is_refused_unparsed(tmp_path, text, why):
    (tmp_path / ".env").write_text(text)
    with pytest.raises(InvalidInput) as caught:
        read(tmp_path)
    [finding] = caught.value.findings
    assert why in finding.message


_LINE = "Y2FuYXJ5LWNyZWRlbnRpYWwtaW4tYmFzZTY0LWFzLWl0LWlzLXdyYXBwZWQtYnktdG9vbHMtYW5k"


@pytest.mark.parametrize("end", ["b3Jl", "bW9yZQ==", "bW9yZTE=", "YS9iK2M/ZD0vL2I=", f"{_LINE}\n{_LINE}\nbW9yZQ=="])
@pytest.mark.parametrize("width", [64, 76])
def test_a_value_that_was_cut_at_a_line_break_has_one_finding(tmp_path, end, width):
    (tmp_path / ".env").write_text(f"A=1\nKEY={_LINE[:width]}\n{end}\nLAST=x\n")
    with pytest.raises(InvalidInput) as caught:
        read(tmp_path)
    assert [(finding.rule, finding.position.line) for finding in caught.value.findings] == [("env-file-cut-value", 3)]
    assert end[:8] not in repr(caught.value.findings)


def test_a_variable_after_a_long_value_is_no_rest_of_it(tmp_path):
    (tmp_path / ".env").write_text(f"KEY={'0a' * 32}\nOTHER=\nNEXT_ONE=x\nKEY2={_LINE}==\nFALLBACK=\n")
    assert read(tmp_path).text("NEXT_ONE") == "x"


def test_a_name_that_no_variable_can_have_is_a_finding(tmp_path):
    (tmp_path / ".env").write_text("1st=canary\nmy-key=canary\nA.B=canary\n")
    with pytest.raises(InvalidInput) as caught:
        read(tmp_path)
    assert [finding.rule for finding in caught.value.findings] == ["env-file-name"] * 3
    assert "canary" not in repr(caught.value.findings)
