"""Values that differ only in spelling are one value; others are not."""

import pytest

from fbsync.model.configurations import Field
from fbsync.model.spelling import ascii_host, canonical_url, loose_name, same

URL = "https://api.example.com/v1"


@pytest.mark.parametrize(
    "other",
    [
        "https://api.example.com/v1/",
        "HTTPS://API.Example.COM/v1",
        "https://api.example.com:443/v1",
        "https://api.example.com:/v1",
        "https://api.example.com/./v1",
        "https://api.example.com/x/../v1",
        "https://api.example.com/%76%31",
    ],
)
def test_an_endpoint_in_another_spelling(other):
    assert same(Field.ENDPOINT, URL, other)


@pytest.mark.parametrize(
    "other",
    [
        "http://api.example.com/v1",
        "https://api.example.com:8443/v1",
        "https://api.example.com/V1",
        "https://api.example.com/v1?x",
        "https://api.example.com/v1%2Fx",
        "https://api.example.org/v1",
        "https://user@api.example.com/v1",
        "https://api.example.com//v1",
        "api.example.com/v1",
        "https://[",
    ],
)
def test_another_endpoint(other):
    assert not same(Field.ENDPOINT, URL, other)


def test_escapes_are_compared_by_what_they_stand_for():
    assert same(Field.ENDPOINT, "https://x.example/a%2fb%c3%a9~", "https://x.example/a%2Fb%C3%A9%7E")
    assert not same(Field.ENDPOINT, "https://x.example/a%2Fb", "https://x.example/a/b")


def test_a_host_in_punycode_is_the_same_host():
    assert same(Field.ENDPOINT, "https://bücher.example", "https://xn--bcher-kva.example/")
    assert ascii_host("BÜCHER.example") == "xn--bcher-kva.example"
    assert canonical_url("https://[2001:DB8::1]:443/") == "https://[2001:db8::1]"


def test_a_plain_host_is_an_empty_path():
    assert same(Field.ENDPOINT, "https://api.example.com", "https://api.example.com/")


def test_a_name_by_unicodes_form_and_its_blanks_but_not_by_case():
    assert same(Field.NAME, "Cafe\u0301 au lait", " Caf\u00e9  au lait ")
    assert not same(Field.NAME, "Chat", "chat")
    assert loose_name("Chat  GPT") == loose_name("chatgpt")


def test_a_type_by_its_case():
    assert same(Field.AI_TYPE, "OPENAI", "openai")
    assert not same(Field.AI_TYPE, "OPENAI", "OTHER")
