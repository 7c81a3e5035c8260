"""How much of an input may be shown."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fbsync.redact import is_wordlike, nearest, quoted


@pytest.mark.parametrize(
    "text",
    [
        "openai",
        "Production OpenAI",
        "previousName",
        "organizationId",
        "generativelanguage.googleapis.com",
        "eu-central-1",
        "gpt-4",
        "AWS_SECRET_ACCESS_KEY",
        "Büro (Süd)",
        "日本語のモデル",
        "Internationalization",
        "team/prod2",
    ],
)
def test_words_are_shown(text):
    assert is_wordlike(text)
    assert quoted(text, "?") == f'"{text}"'


@pytest.mark.parametrize(
    "text",
    [
        "",
        "-",
        "sk-proj-Q7w2E9r4T1y6U3i8",
        "AKIAIOSFODNN7EXAMPLE",
        "eyJhbGciOiJIUzI1NiJ9",
        "eyJhbGciOiJI",
        "QmFzZTY0VmFsdWVPZk",
        "0b1c2d3e-4f50-6172",
        "4242-4242-4242",
        "correct\nhorse",
        "x" * 21,
        "word " * 20,
    ],
)
def test_what_may_be_a_credential_is_not(text):
    assert not is_wordlike(text)
    assert quoted(text, "?") == "?"


@given(st.text(alphabet="abcdef0123456789", min_size=32, max_size=64))
def test_hexadecimal_is_never_a_word(text):
    assert not is_wordlike(text)


@pytest.mark.parametrize(
    ("word", "meant"),
    [("aitype", "aiType"), ("AI_TYPE", "aiType"), ("ai-typ", "aiType"), ("secrets", "secret"), ("nonsense", None)],
)
def test_the_nearest_word(word, meant):
    assert nearest(word, ("aiType", "secret", "key")) == meant


def test_among_very_many_choices_only_the_same_word_counts():
    choices = [f"Model {number}" for number in range(5_000)]
    assert nearest("model_17", choices) == "Model 17"
    assert nearest("Modell 17", choices) is None
