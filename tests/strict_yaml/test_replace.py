"""Values are replaced in a manifest's text, and nothing else changes."""

import pytest

from fbsync.strict_yaml.replace import NotReplaceable, RemovedValue, ReplacedValue, check_replaced, with_values

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
        ReplacedValue(path=ENDPOINT, value="https://new.example/v1"),
        ReplacedValue(path=("llms", 1, "endpoint"), value="https://a.example/?b={c}, d"),
    )
    assert after == TEXT.replace('"https://one.example"', "https://new.example/v1").replace(
        "https://two.example", '"https://a.example/?b={c}, d"'
    )


@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_a_key_beside_it_gets_a_line_of_its_own(end):
    text = TEXT.replace("\n", end)
    after = replaced(text, ReplacedValue(path=NAME, value="Eins: ä", beside=("previousName", "One")))
    assert after == text.replace("name: One   # the first", f'name: "Eins: ä"   # the first{end}    previousName: One')
    again = replaced(after, ReplacedValue(path=NAME, value="Uno", beside=("previousName", "Eins")))
    assert f"previousName: Eins{end}" in again


def test_a_key_beside_it_in_brackets():
    after = replaced(TEXT, ReplacedValue(path=("llms", 1, "name"), value="Zwei", beside=("previousName", "Two")))
    assert "{name: Zwei, previousName: Two, endpoint:" in after


def test_a_byte_order_mark_and_wide_characters_move_nothing():
    text = "\ufeff# 🎈 日本\n" + TEXT
    after = replaced(text, ReplacedValue(path=ENDPOINT, value="https://new.example"))
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
        replaced(text, ReplacedValue(path=ENDPOINT, value="https://new.example"))


ENTRIES = """\
version: 1
llms:
  # the first one
  - name: One   # ours
    aiType: OPENAI

  - aiType: AWS
    name: Two
    key: $KEY  # the key
    tags: {a: 1}

  # the last one
  - name: Three
    nested:
      - a
      - b
# the end
"""


def removed(text, *paths):
    removals = [RemovedValue(path=path) for path in paths]
    after = with_values(text, removals)
    check_replaced(text, after, removals)
    return after


@pytest.mark.parametrize(
    ("paths", "gone"),
    [
        ([("llms", 0)], "  - name: One   # ours\n    aiType: OPENAI\n"),
        ([("llms", 1)], "  - aiType: AWS\n    name: Two\n    key: $KEY  # the key\n    tags: {a: 1}\n"),
        ([("llms", 2)], "  - name: Three\n    nested:\n      - a\n      - b\n"),
        ([("llms", 1, "key")], "    key: $KEY  # the key\n"),
        ([("llms", 2, "nested")], "    nested:\n      - a\n      - b\n"),
    ],
)
def test_what_is_removed_goes_with_its_lines_and_nothing_else(paths, gone):
    for text in (ENTRIES, ENTRIES.replace("\n", "\r\n")):
        ending = gone.replace("\n", "\r\n") if "\r" in text else gone
        assert text.count(ending) == 1
        assert removed(text, *paths) == text.replace(ending, "")


def test_several_are_removed_beside_a_replacement():
    edits = [
        RemovedValue(path=("llms", 0)),
        ReplacedValue(path=("llms", 1, "name"), value="2"),
        RemovedValue(path=("llms", 2)),
    ]
    after = with_values(ENTRIES, edits)
    check_replaced(ENTRIES, after, edits)
    assert "One" not in after
    assert "Three" not in after
    assert 'name: "2"' in after


def test_the_last_line_need_not_end():
    assert removed("a: 1\nb: 2", ("b",)) == "a: 1\n"


@pytest.mark.parametrize(
    ("text", "path"),
    [
        ("llms: [{a: 1}, {a: 2}]\n", ("llms", 0)),
        ("llms:\n  - {a: 1}\n", ("llms", 0)),
        ("llms:\n  - {a: 1, b: 2}\n  - {c: 1}\n", ("llms", 0, "a")),
        ("llms:\n  - key: $K\n    name: A\n", ("llms", 0, "key")),
        ("- - a\n  - b\n", (0, 0)),
        ("llms:\n  - &one\n    a: 1\n    b: 2\n  - *one\n", ("llms", 0)),
        ("a: 1\nb: 2\n", ("c",)),
        ("a: 1\nb: 2\n", ("a", "c")),
    ],
)
def test_what_does_not_stand_on_lines_of_its_own_is_not_removed(text, path):
    with pytest.raises(NotReplaceable):
        removed(text, path)
