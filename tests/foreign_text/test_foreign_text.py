"""One place checks all foreign text, and knows every credential in every encoding."""

import base64
import html
import json
from urllib.parse import quote, quote_plus

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fbsync.foreign_text.redactor import SHOWN, WITHHELD, Redactor
from fbsync.model.secret import Secret

TOKEN = "canary-Zürich/7+“quoted”\\x & <tag>"


def redactor(*values):
    return Redactor(Secret(value, reference=f"NAME_{at}") for at, value in enumerate(values))


def in_base64(value, before=b"", *, urlsafe=False):
    return (base64.urlsafe_b64encode if urlsafe else base64.b64encode)(before + value.encode()).decode()


def in_utf16(value):
    data = value.encode("utf-16-be")
    return [data[at : at + 2] for at in range(0, len(data), 2)]


ENCODINGS = {
    "plain": lambda value: value,
    "upper": str.upper,
    "json": lambda value: json.dumps(value)[1:-1],
    "json-utf8": lambda value: json.dumps(value, ensure_ascii=False)[1:-1],
    "json-all": lambda value: "".join(f"\\u{unit[0]:02x}{unit[1]:02x}" for unit in in_utf16(value)),
    "json-twice": lambda value: json.dumps(json.dumps(value)),
    "url": lambda value: quote(value, safe=""),
    "url-lower": lambda value: "".join(f"%{byte:02x}" for byte in value.encode()),
    "form": quote_plus,
    "url-of-json": lambda value: quote(json.dumps(value)),
    "html": html.escape,
    "html-numbers": lambda value: "".join(f"&#{ord(character)};" for character in value),
    "html-hex": lambda value: "".join(f"&#X{ord(character):x};" for character in value),
    "base64": in_base64,
    "base64-1": lambda value: in_base64(value, b"?"),
    "base64-2": lambda value: in_base64(value, b"??"),
    "base64-url": lambda value: in_base64(value, b"\xff\xfe", urlsafe=True),
    "base64-unpadded": lambda value: in_base64(value, b"x").rstrip("="),
    "base64-wrapped": lambda value: base64.encodebytes(f"{'-' * 70}{value}".encode()).decode(),
    "base64-utf16": lambda value: base64.b64encode(f"user:{value}".encode("utf-16-le")).decode(),
    "base64-of-json": lambda value: in_base64(json.dumps({"token": value})),
    "hex": lambda value: value.encode().hex(),
    "wrapped": "\n".join,
    "zero-width": "\u200b".join,
}


@pytest.mark.parametrize("encoding", ENCODINGS)
def test_a_credential_is_recognized_in_each_encoding(encoding):
    text = ENCODINGS[encoding](TOKEN)
    for told in (text, f"Invalid token: {text}", f"x{text}", f"{text} is wrong", f'{{"token":"{text}"}}'):
        assert redactor(TOKEN).redact(told) == WITHHELD
        # The positive control: a redactor that does not know the credential lets the text through.
        assert redactor("quite another one").redact(told) != WITHHELD


@given(
    value=st.text(st.characters(codec="utf-8", exclude_categories=("C", "Z")), min_size=6, max_size=80),
    encoding=st.sampled_from(sorted(ENCODINGS.keys() - {"upper"})),
    before=st.text("abc :=\"'%&", max_size=8),
    others=st.lists(st.text(min_size=20), max_size=3),
)
def test_any_credential_is_recognized_in_each_encoding(value, encoding, before, others):
    assert redactor(*others, value).redact(before + ENCODINGS[encoding](value) + " tail") == WITHHELD


@given(value=st.text("abcdefXYZ0123456789+/", min_size=14, max_size=60), at=st.integers(0, 40), more=st.integers(0, 9))
def test_a_part_of_a_credential_counts(value, at, more):
    part = value[min(at, len(value) - 12) :][: 12 + more]
    assert redactor(value).redact(f"...{part}...") == WITHHELD


@pytest.mark.parametrize("value", ["pw", "abcd", "hunter2", "elevenchars"])
def test_a_short_credential_counts_as_a_whole(value):
    assert redactor(value).redact(f"no: {value}") == WITHHELD
    assert redactor(value).redact(f"no: {value[:-1]}!") != WITHHELD


def test_what_is_learned_during_a_run_counts():
    learning = redactor()
    assert learning.redact("no canary-token here") == "no canary-token here"
    learning.add(Secret("canary-token", reference="accessToken"))
    assert learning.redact("no canary-token here") == WITHHELD


@given(text=st.text(max_size=400))
def test_what_is_shown_is_one_short_printable_line(text):
    shown = redactor(TOKEN).redact(text)
    assert shown.isprintable()
    assert len(shown) <= SHOWN + 1


@pytest.mark.parametrize("filler", ["%", "&", "\\", "a", "\\u0041", "%2525", "&amp;amp;", "A1b2", " ", "\ud800"])
def test_a_megabyte_costs_no_more_than_its_beginning(filler):
    """Texts are cut before they are searched. Count how much of one is searched."""

    class Counting(str):
        __slots__ = ()

        def __getitem__(self, key):
            assert isinstance(key, slice)
            assert key.stop <= 4096
            return str(self)[key]

    secret = "0123456789abcdef" * 4096
    assert redactor(secret).redact(Counting(filler * (1_000_000 // len(filler)))) != WITHHELD


def test_what_is_shown_ends_before_what_is_searched():
    text = " " * 4090 + TOKEN
    assert redactor(TOKEN).redact(text) == ""


KEYS = [
    "sk-proj-abc***********************xyz9",
    "sk-ant-api03-abcdefghijklmnop",
    "AKIAIOSFODNN7EXAMPLE",
    "AIzaSyDabcdefghijklmnopqrstuvwxyz01234",
    "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2ln",
]


@pytest.mark.parametrize("key", KEYS)
def test_what_looks_like_a_key_of_a_provider_is_withheld(key):
    said = redactor().redact(f"Incorrect API key provided: {key}. See the docs.")
    assert key not in said
    assert said.startswith("Incorrect API key provided: [withheld]")
    assert redactor().redact(f"Incorrect API key provided: {quote(key, safe='').replace('-', '%2D')}") in (
        WITHHELD,
        "Incorrect API key provided: [withheld]",
    )


def test_a_provider_may_quote_a_key_without_a_prefix():
    key = "c3Vw9Zl0b3BzZWNyZXQ4Nzc2"
    assert redactor().redact_provider(f"key {key} is wrong") == "key [withheld] is wrong"


@pytest.mark.parametrize(
    "text",
    [
        "You can find your API key at https://platform.openai.com/account/api-keys.",
        "The model `gpt-4o-mini` does not exist in bedrock-runtime.us-east-1.amazonaws.com",
        "configuration 0b6a3a3e-4f0c-4a55-9d9c-1f7f0a2b3c4d is not ready",
        "task-list-of-keys: sk is not a key",
    ],
)
def test_ordinary_words_of_a_provider_stay(text):
    assert redactor(TOKEN).redact_provider(text) == text
