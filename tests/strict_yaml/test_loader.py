"""The loader's values, by the core schema of YAML 1.2, and the position of each."""

from __future__ import annotations

import math
import subprocess
import sys

import pytest

from fbsync.model.findings import Position
from fbsync.strict_yaml.loader import Document, parse_document


def load_clean(text: str) -> Document:
    document = parse_document(text.encode(), file="m.yaml")
    assert document.findings == ()
    return document


@pytest.mark.parametrize(
    ("word", "value"),
    [
        *((word, None) for word in ("", "~", "null", "Null", "NULL")),
        *((word, True) for word in ("true", "True", "TRUE")),
        *((word, False) for word in ("false", "False", "FALSE")),
        ("0", 0),
        ("-19", -19),
        ("+7", 7),
        ("012", 12),
        ("0o17", 15),
        ("0x1F", 31),
        ("1.5", 1.5),
        (".5", 0.5),
        ("1.", 1.0),
        ("-0.0", -0.0),
        ("12e03", 12000.0),
        ("-2E+05", -200000.0),
        (".inf", math.inf),
        ("+.INF", math.inf),
        ("-.Inf", -math.inf),
    ],
)
def test_words_that_mean_something(word, value):
    loaded = load_clean(f"a: {word}\n").value["a"]
    assert type(loaded) is type(value)
    assert loaded == value


def test_not_a_number():
    assert math.isnan(load_clean("a: .NaN").value["a"])


@pytest.mark.parametrize(
    "word",
    [
        *("no", "No", "on", "off", "yes", "y", "n", "nUll", "tRUE"),
        *("0b1", "0o8", "0o", "0xG", "-0x1F", "+0o7", "1_000", "12:30", "190:20:30"),
        *("2001-12-14", "2001-12-14t21:59:43.10-05:00", "=", ".", "+", "-.", "1e", "e1", "1.5.2", "+.nan", "١٢"),
    ],
)
def test_words_that_are_text(word):
    assert load_clean(f"a: {word}\n").value == {"a": word}


@pytest.mark.parametrize("quoted", ['"true"', "'12'", "|-\n  null", ">-\n  1.5"])
def test_what_is_quoted_is_text(quoted):
    assert type(load_clean(f"a: {quoted}\n").value["a"]) is str


@pytest.mark.parametrize("text", ["\ufeffé: [1, x]\n", "é: [1, x]", "é:\r\n- 1\r\n- x\r\n", "é:\r  - 1\r  - x\r"])
def test_marks_and_line_ends_change_no_value(text):
    assert load_clean(text).value == {"é": [1, "x"]}


def test_a_last_line_without_an_end_reads_as_with_one():
    assert load_clean("a: |\n  x").value == load_clean("a: |\n  x\n").value == {"a": "x\n"}


def test_an_alias_repeats_the_value():
    document = load_clean("a: &here {x: 1}\nb: *here\nc: [*here]\n")
    assert document.value == {"a": {"x": 1}, "b": {"x": 1}, "c": [{"x": 1}]}


POSITIONS = """\
# é
version: 1
llms:
  - name: Größe 😀
    aiType:   OPENAI
  - {name: B, secret: "$X", key: [1, {deep: yes}]}
shared: &shared
  a: 1
again: *shared
"""


@pytest.mark.parametrize("line_end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("mark", ["", "\ufeff"])
@pytest.mark.parametrize(
    ("path", "value_at", "key_at"),
    [
        ((), (2, 1), (2, 1)),
        (("version",), (2, 10), (2, 1)),
        (("llms",), (4, 3), (3, 1)),
        (("llms", 0), (4, 5), (4, 5)),
        (("llms", 0, "name"), (4, 11), (4, 5)),
        (("llms", 0, "aiType"), (5, 15), (5, 5)),
        (("llms", 1), (6, 5), (6, 5)),
        (("llms", 1, "secret"), (6, 23), (6, 15)),
        (("llms", 1, "key", 1, "deep"), (6, 45), (6, 39)),
        (("again",), (9, 8), (9, 1)),
        (("again", "a"), (8, 6), (8, 3)),
    ],
)
def test_positions(path, value_at, key_at, mark, line_end):
    text = mark + POSITIONS.replace("\n", line_end)
    document = parse_document(text.encode(), file="m.yaml")
    assert document.position_of(path) == Position(file="m.yaml", line=value_at[0], column=value_at[1])
    assert document.position_of_key(path) == Position(file="m.yaml", line=key_at[0], column=key_at[1])


@pytest.mark.parametrize(
    ("path", "nearest"),
    [
        (("llms", 0, "secret"), ("llms", 0)),
        (("llms", 7, "name"), ("llms",)),
        (("llms", -1), ("llms",)),
        (("llms", "name"), ("llms",)),
        (("version", "x", 0), ("version",)),
        (("environments", "staging"), ()),
        ((0,), ()),
    ],
)
def test_what_is_absent_is_at_the_nearest_value_above(path, nearest):
    document = parse_document(POSITIONS.encode(), file="m.yaml")
    assert document.position_of(path) == document.position_of(nearest)
    assert document.position_of_key(path) == document.position_of(nearest)


def test_without_a_value_everything_is_at_the_file():
    document = parse_document(b"a: [", file="m.yaml")
    assert document.value is None
    assert document.position_of(("a",)) == Position(file="m.yaml")


def test_a_pair_that_is_left_out_moves_no_other_place():
    document = parse_document(b"a: 1\na: 2\n? [x]\n: 3\nb: 4\n", file="m.yaml")
    assert document.value == {"a": 1, "b": 4}
    assert document.position_of(("b",)) == Position(file="m.yaml", line=5, column=4)


def test_values_and_source_stay_out_of_the_representation():
    assert "hunter2" not in repr(parse_document(b"secret: hunter2", file="m.yaml"))


def test_without_libyaml_the_same_is_loaded_slowly():
    code = """
import sys
sys.modules["yaml._yaml"] = None
from fbsync.strict_yaml.loader import parse_document
document = parse_document("\\ufeffé: [0o7, no]\\r\\nb: {c: 1, c: 2}\\r\\n".encode(), file="m.yaml")
print(ascii(document.value), *(f"{finding.position}:{finding.rule}" for finding in document.findings))
print(*(parse_document(text, file="m.yaml").findings[0].rule for text in (b"a: [1,\\n", b"[" * 100_000)))
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines() == [
        r"{'\xe9': [7, 'no'], 'b': {'c': 1}} m.yaml:2:11:duplicate-key",
        "yaml-syntax nesting-too-deep",
    ]
