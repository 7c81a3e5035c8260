import pytest

from fbsync.model.errors import FbsyncError
from fbsync.settings import check_api_url, read_account
from fbsync.variables import Variables


@pytest.mark.parametrize(
    "token",
    [
        "two\nlines-canary",
        "caf\xe9-canary",
        "tab\tcanary",
        "canary ",
        " canary",
        "canary\r",
        "canary\u200b",
        "two canaries",
        "Bearer canary",
        "bearer canary",
        "'canary'",
        '"canary',
    ],
)
@pytest.mark.parametrize("variable", ["FLASHBACK_TOKEN", "FLASHBACK_REFRESH_TOKEN"])
def test_what_is_no_token_is_refused_without_being_shown(variable, token):
    with pytest.raises(FbsyncError, match=rf"\${variable} ") as caught:
        read_account(Variables(environment={variable: token}))
    assert caught.value.exit_code == 3
    assert "canar" not in caught.value.message + caught.value.hint


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("FLASHBACK_EMAIL", "canary"),
        ("FLASHBACK_EMAIL", "canary@example.com\n"),
        ("FLASHBACK_EMAIL", " canary@example.com"),
        ("FLASHBACK_PASSWORD", "canary\n"),
    ],
)
def test_what_cannot_be_an_email_address_or_a_password_is_refused(variable, value):
    with pytest.raises(FbsyncError, match=rf"\${variable} ") as caught:
        read_account(Variables(environment={variable: value}))
    assert "canary" not in caught.value.message + caught.value.hint


def test_a_password_may_hold_anything_else():
    account = read_account(Variables(environment={"FLASHBACK_EMAIL": "me@example.com", "FLASHBACK_PASSWORD": ' "ä$ '}))
    assert account.password.reveal() == ' "ä$ '


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
        "https://canary.example.com\r",
        " https://canary.example.com",
        "https://canary.example.com/a b",
        "https://canary.example\n.com",
        "https://canary.example.com/\u200b",
        "https://canary.example.com\\@evil.example",
        "https://canary\udcff.example.com",
    ],
)
def test_anything_else_is_refused_without_being_shown(given):
    with pytest.raises(FbsyncError, match="API URL") as caught:
        check_api_url(given)
    assert "canary" not in caught.value.message + caught.value.hint
