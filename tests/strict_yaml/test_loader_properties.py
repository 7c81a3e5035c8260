"""Properties of every input of the loader: no exception, plain types, positions in the text, values that read back."""

from __future__ import annotations

import json
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from fbsync.strict_yaml.core_schema import LONGEST_NUMBER, resolve
from fbsync.strict_yaml.loader import Document, parse_document

FRAGMENTS = [
    *(
        "\n",
        "\n  ",
        "\n    ",
        "\r\n",
        "\r",
        " ",
        "\t",
        ":",
        ": ",
        "- ",
        "-",
        "? ",
        "?",
        ",",
        "[",
        "]",
        "{",
        "}",
        '"',
        "'",
    ),
    *(
        "#",
        " #",
        "|",
        ">",
        "|-\n",
        ">+2\n",
        "&a ",
        "*a",
        "!t ",
        "!!int ",
        "<<: ",
        "%YAML 1.2\n",
        "---\n",
        "...\n",
        "@",
        "`",
    ),
    *(
        "a",
        "b: 1",
        "null",
        "0x1",
        "1e3",
        ".nan",
        "~",
        "é",
        "😀",
        "\ufeff",
        "\u2028",
        "\x85",
        "\x00",
        "\\",
        "\\u00e9",
        "=",
        "<<<<<<< ",
    ),
]


def paths_in(value: Any, path: tuple[str | int, ...] = ()) -> list[tuple[str | int, ...]]:
    inner: list[tuple[str | int, Any]] = []
    if isinstance(value, dict):
        inner = list(value.items())
    elif isinstance(value, list):
        inner = list(enumerate(value))
    return [path, *(deeper for step, item in inner for deeper in paths_in(item, (*path, step)))]


def types_in(value: Any) -> set[type]:
    inner = [*value, *value.values()] if isinstance(value, dict) else value if isinstance(value, list) else []
    return {type(value)}.union(*map(types_in, inner))


def check(document: Document) -> None:
    assert types_in(document.value) <= {dict, list, str, int, float, bool, type(None)}
    lines = document.source.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    places = [finding.position for finding in document.findings]
    for path in paths_in(document.value):
        places += [document.position_of(path), document.position_of_key(path)]
    for place in places:
        assert (place.line, place.column) == (0, 0) or place.column <= len(lines[place.line - 1]) + 1


@given(st.binary())
def test_any_bytes(data):
    check(parse_document(data, file="m.yaml"))


@given(st.text())
def test_any_text(text):
    check(parse_document(text.encode(), file="m.yaml"))


@given(st.lists(st.sampled_from(FRAGMENTS), max_size=40))
def test_anything_like_yaml(fragments):
    check(parse_document("".join(fragments).encode(), file="m.yaml"))


WRITABLE = st.characters(exclude_categories=["Cc", "Cs"], exclude_characters="\u2028\u2029\ufeff\ufffe\uffff")
TEXT_IN_BOTH_VERSIONS = st.text(WRITABLE).filter(lambda text: isinstance(resolve(text), str))
SCALARS = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False)
VALUES = st.dictionaries(
    TEXT_IN_BOTH_VERSIONS,
    st.recursive(
        SCALARS | TEXT_IN_BOTH_VERSIONS,
        lambda inner: st.lists(inner) | st.dictionaries(TEXT_IN_BOTH_VERSIONS, inner),
        max_leaves=20,
    ),
    min_size=1,
)


@given(VALUES, st.booleans())
def test_what_pyyaml_writes_comes_back(value, flow):
    document = parse_document(yaml.safe_dump(value, default_flow_style=flow).encode(), file="m.yaml")
    assert (document.findings, document.value) == ((), value)


@given(VALUES, st.sampled_from([None, 0, 2]))
def test_json_comes_back(value, indent):
    document = parse_document(json.dumps(value, ensure_ascii=False, indent=indent).encode(), file="m.yaml")
    assert (document.findings, document.value) == ((), value)


@given(st.integers(min_value=-(10 ** (LONGEST_NUMBER - 1)) + 1, max_value=10 ** (LONGEST_NUMBER - 1)))
def test_integers_come_back(number):
    assert parse_document(f"a: {number}".encode(), file="m.yaml").value == {"a": number}


def with_unique_keys(shape: Any, numbers: list[int]) -> Any:
    """The shape as lists and, for tuples, mappings; all keys and scalars differ."""
    numbers[0] += 1
    if isinstance(shape, list):
        return [with_unique_keys(item, numbers) for item in shape] or f"v{numbers[0]}é"
    if isinstance(shape, tuple):
        return {
            f"k{numbers[0]}-{at}é": with_unique_keys(item, numbers) for at, item in enumerate(shape)
        } or f"v{numbers[0]}"
    return f"v{numbers[0]}"


SHAPES = st.recursive(
    st.none(),
    lambda inner: st.lists(inner, max_size=4) | st.lists(inner, max_size=4).map(tuple),
    max_leaves=20,
)


@pytest.mark.parametrize("line_end", ["\n", "\r\n"])
@given(
    shape=st.lists(SHAPES, min_size=1, max_size=4).map(tuple),
    indent=st.integers(2, 6),
    comment=st.sampled_from(["", "# é😀\n"]),
)
def test_keys_and_values_are_where_their_positions_say(shape, indent, comment, line_end):
    value = with_unique_keys(shape, [0])
    text = comment + yaml.safe_dump(value, allow_unicode=True, indent=indent, sort_keys=False)
    document = parse_document(text.replace("\n", line_end).encode(), file="m.yaml")
    assert document.value == value
    lines = text.split("\n")
    for path in paths_in(value):
        found = value
        for step in path:
            found = found[step]
        key, place = document.position_of_key(path), document.position_of(path)
        if path and isinstance(path[-1], str):
            assert lines[key.line - 1][key.column - 1 :].startswith(f"{path[-1]}:")
        if isinstance(found, str):
            assert lines[place.line - 1][place.column - 1 :].startswith(found)
