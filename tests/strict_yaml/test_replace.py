"""Values replaced in a manifest's text: those, and nothing else."""

import pytest

from fbsync.strict_yaml.replace import NotReplaceable, Replacement, check_replaced, with_values

TEXT = """\
# Ours.
version: 1
llms:
  - name: One   # the first
    endpoint: "https://one.example"  # moved in May
    aiType: OPENAI

  - {name: Two, endpoint: https://two.example, aiType: AWS}  # short
"""
ENDPOINT = ("llms", 0, "endpoint")
NAME = ("llms", 0, "name")


def replaced(text, *replacements):
    after = with_values(text, replacements)
    check_replaced(text, after, replacements)
    return after


def test_comments_quotes_and_order_stay():
    after = replaced(
        TEXT,
        Replacement(path=ENDPOINT, value="https://new.example/v1"),
        Replacement(path=("llms", 1, "endpoint"), value="https://a.example/?b={c}, d"),
    )
    assert after == TEXT.replace('"https://one.example"', "https://new.example/v1").replace(
        "https://two.example", '"https://a.example/?b={c}, d"'
    )


@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_a_key_beside_it_gets_a_line_of_its_own(end):
    text = TEXT.replace("\n", end)
    after = replaced(text, Replacement(path=NAME, value="Eins: ä", beside=("previousName", "One")))
    assert after == text.replace("name: One   # the first", f'name: "Eins: ä"   # the first{end}    previousName: One')
    again = replaced(after, Replacement(path=NAME, value="Uno", beside=("previousName", "Eins")))
    assert f"previousName: Eins{end}" in again


def test_a_key_beside_it_in_brackets():
    after = replaced(TEXT, Replacement(path=("llms", 1, "name"), value="Zwei", beside=("previousName", "Two")))
    assert "{name: Zwei, previousName: Two, endpoint:" in after


def test_a_byte_order_mark_and_wide_characters_move_nothing():
    text = "\ufeff# 🎈 日本\n" + TEXT
    after = replaced(text, Replacement(path=ENDPOINT, value="https://new.example"))
    assert after == text.replace('"https://one.example"', "https://new.example")


@pytest.mark.parametrize(
    "text",
    [
        TEXT.replace('"https://one.example"', "&a https://one.example").replace("https://two.example", "*a"),
        TEXT.replace('"https://one.example"', "|\n      https://one.example"),
        TEXT.replace('"https://one.example"', '"https://one\\\n      .example"'),
        TEXT.replace('    endpoint: "https://one.example"  # moved in May\n', ""),
    ],
)
def test_what_does_not_stand_by_itself_is_refused(text):
    with pytest.raises(NotReplaceable):
        replaced(text, Replacement(path=ENDPOINT, value="https://new.example"))
