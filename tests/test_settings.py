import pytest

from fbsync.model.errors import FbsyncError, InvalidInput
from fbsync.settings import Variables, check_api_url, read_account, read_variables


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
    variables = Variables(files=[("f", {"A": "canary-one"})], environment={"B": "canary-two"})
    assert "canary" not in repr(variables)
    assert "canary" not in repr(read_account(Variables(files=(), environment={"FLASHBACK_TOKEN": "canary"})))


def test_a_credential_that_is_not_text_is_refused_without_being_shown():
    with pytest.raises(FbsyncError, match=r"\$A") as caught:
        Variables(files=(), environment={"A": "canary\udcff"}).secret("A")
    assert "canary" not in caught.value.message


@pytest.mark.parametrize("token", ["two\nlines-canary", "caf\xe9-canary", "tab\tcanary"])
def test_a_token_that_no_header_can_carry_is_refused_without_being_shown(token):
    with pytest.raises(FbsyncError, match="FLASHBACK_TOKEN") as caught:
        read_account(Variables(files=(), environment={"FLASHBACK_TOKEN": token}))
    assert "canary" not in caught.value.message + caught.value.hint


@pytest.mark.parametrize(
    ("given", "url"),
    [
        ("https://api.example.com", "https://api.example.com"),
        ("https://api.example.com/", "https://api.example.com"),
        ("http://127.0.0.1:8787", "http://127.0.0.1:8787"),
        ("https://api.example.com/base/", "https://api.example.com/base"),
        ("http://[::1]:8787", "http://[::1]:8787"),
    ],
)
def test_an_api_url_is_taken(given, url):
    assert check_api_url(given) == url


@pytest.mark.parametrize(
    "given",
    [
        "",
        "api.example.com",
        "ftp://x",
        "https://",
        "https://canary:pw@x",
        "https://x?a=canary",
        "https://x#f",
        "http://x:99999",
        "http://[::1",
    ],
)
def test_anything_else_is_refused_without_being_shown(given):
    with pytest.raises(FbsyncError, match="API URL") as caught:
        check_api_url(given)
    assert "canary" not in caught.value.message + caught.value.hint
