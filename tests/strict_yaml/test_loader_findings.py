"""The loader's findings: each has a rule, a place and a remedy, and never a value."""

from __future__ import annotations

import pytest

from fbsync.strict_yaml.loader import parse_document

RECOVERABLE = {
    "duplicate-key": ("a: 1\nb: 2\na: 3\n", (3, 1), {"a": 1, "b": 2}),
    "tag-not-taken": ("a: !!str 12\n", (1, 4), {"a": 12}),
    "key-not-a-string": ("1: x\nb: 2\n", (1, 1), {"b": 2}),
    "merge-key": ("a: &x {b: 1}\nc:\n  <<: *x\n  d: 2\n", (3, 3), {"a": {"b": 1}, "c": {"d": 2}}),
    "unknown-alias": ("a: *nothing\n", (1, 4), {"a": None}),
    "recursive-alias": ("a: &x\n  - *x\n", (2, 5), {"a": [None]}),
    "anchor-name": ("a: &x:y 1\n", (1, 4), {"a": ":y 1"}),
    "unquoted-question-mark": ("{?x: 1}\n", (1, 2), {"x": 1}),
    "quote-not-indented": ("a: 'x\nb: 1\n\n  y'\n", (1, 4), {"a": "x b: 1\ny"}),
    "number-too-long": (f"a: {'1' * 5000}\n", (1, 4), {"a": "1" * 5000}),
    "several-documents": ("a: 1\n---\nb: 2\n", (2, 1), {"a": 1}),
}


@pytest.mark.parametrize("rule", RECOVERABLE)
def test_recoverable_mistakes_leave_a_value(rule):
    text, place, value = RECOVERABLE[rule]
    document = parse_document(text.encode(), file="m.yaml")
    assert [finding.rule for finding in document.findings] == [rule]
    assert (document.findings[0].position.line, document.findings[0].position.column) == place
    assert document.value == value


def test_all_recoverable_mistakes_are_found_at_once_in_file_order():
    text = "a: 1\nx: !t [*no]\na: 2\nnull: 3\nc: {d: 1, d: 2}\n"
    document = parse_document(text.encode(), file="m.yaml")
    assert [(finding.rule, finding.position.line) for finding in document.findings] == [
        ("tag-not-taken", 2),
        ("unknown-alias", 2),
        ("duplicate-key", 3),
        ("key-not-a-string", 4),
        ("duplicate-key", 5),
    ]


def test_mistakes_above_a_syntax_error_are_found_too():
    document = parse_document(b"a: !x 1\nb: [\n", file="m.yaml")
    assert [finding.rule for finding in document.findings] == ["tag-not-taken", "yaml-syntax"]


def test_a_duplicate_key_points_at_both():
    finding = parse_document(b"llms: []\nversion: 1\nllms: []\n", file="m.yaml").findings[0]
    assert "`llms`" in finding.message
    assert [(place.line, place.column) for place in finding.related] == [(1, 1)]


@pytest.mark.parametrize(
    ("text", "rule", "place", "words"),
    [
        ('a: "x\nb: c\n', "yaml-syntax", (1, 4), "quote"),
        ("a: 'x\nb: c\n", "yaml-syntax", (1, 4), "quote"),
        ('a: "x" y\n', "yaml-syntax", (1, 8), "after the closing quote"),
        ("a: 'it's'\n", "yaml-syntax", (1, 8), "after the closing quote"),
        ("- 'a'b\n", "yaml-syntax", (1, 6), "after the closing quote"),
        ("{a: 1} x\n", "yaml-syntax", (1, 8), "after the closing quote"),
        ("a: [1, 2\nb: c\n", "yaml-syntax", (1, 4), "bracket is not closed"),
        ("a: {x: 1\n", "yaml-syntax", (1, 4), "bracket is not closed"),
        ("a: [\n", "yaml-syntax", (1, 4), "bracket is not closed"),
        ("a: [[1],\n", "yaml-syntax", (1, 4), "bracket is not closed"),
        ("a: [1, 2}\n", "yaml-syntax", (1, 9), "does not match"),
        ("a: [1, }\n", "yaml-syntax", (1, 8), "does not match"),
        ("a: {b: 1 c: 2}\n", "yaml-syntax", (1, 11), "comma"),
        ("a: ]\n", "yaml-syntax", (1, 4), "no open bracket"),
        ("a: [x,,y]\n", "yaml-syntax", (1, 7), "expected a value"),
        ("a: [x:]\n", "yaml-syntax", (1, 6), "needs a space"),
        ("a: @x\n", "yaml-syntax", (1, 4), "start with this character"),
        ("a: `x`\n", "yaml-syntax", (1, 4), "start with this character"),
        ("a: %x\n", "yaml-syntax", (1, 4), "start with this character"),
        ("a: b: c\n", "yaml-syntax", (1, 5), "second key"),
        ("a: 1\n  b: 2\n", "yaml-syntax", (2, 3), "deeper"),
        ("a:b\nc: d\n", "yaml-syntax", (1, 1), "no key"),
        ("b: c\na\nd: e\n", "yaml-syntax", (2, 1), "no key"),
        ("a:\n    b: 1\n  c: 2\n", "yaml-syntax", (3, 3), "indentation"),
        ("- a: 1\n b: 2\n", "yaml-syntax", (2, 2), "neither a list item"),
        ("a:\n  - x\n - y\n", "yaml-syntax", (3, 2), "list item"),
        ("a: - x\n", "yaml-syntax", (1, 4), "list item"),
        (": x\n", "yaml-syntax", (1, 1), "no key"),
        ("a: ? x\n", "yaml-syntax", (1, 4), "`? `"),
        ("a: *\n", "yaml-syntax", (1, 4), "`*`"),
        ("a: &\n", "yaml-syntax", (1, 4), "`&`"),
        ("a: !<x\n", "tag-not-taken", (1, 4), "tag"),
        ("a: !x!y z\n", "tag-not-taken", (1, 4), "tag"),
        ('a: "\\q"\n', "yaml-syntax", (1, 5), "escape sequence"),
        ("a: | text\n", "yaml-syntax", (1, 6), "comment"),
        ("a: b\n%c\n", "directive-not-taken", (2, 1), "directive"),
        ("a: b\n...\nc: d\n", "several-documents", (3, 1), "document"),
        (" a: 1\nb: 2\n", "yaml-syntax", (2, 1), "starts with"),
        (f"{'k' * 1100}: x\n", "yaml-syntax", (1, 1101), "too long to be a key"),
        ("a:\n\tb: 1\n", "tab-indentation", (2, 1), "tab"),
        ("a: 1\n\tb: 2\n", "tab-indentation", (2, 1), "tab"),
        ("a:\n  b: 1\n \tc: 2\n", "tab-indentation", (3, 2), "tab"),
        ("%TAG ! x\n--- a\n", "directive-not-taken", (1, 1), "directive"),
        ("# c\n%YAML 1.1\n---\na: no\n", "directive-not-taken", (2, 1), "directive"),
        ("%YAML 1.2\n%FOO\n---\na: no\n", "directive-not-taken", (2, 1), "directive"),
        ("a: x\x07\n", "control-character", (1, 5), "U+0007"),
        ("é: 'x\u2028y'\n", "control-character", (1, 6), "U+2028"),
        ("a: \ufeff\n", "control-character", (1, 4), "byte order mark"),
        ("a: 1\n=======\nb: 2\n", "conflict-marker", (2, 1), "merge"),
        ("", "empty-file", (1, 1), "empty"),
        ("# nothing\n\n", "empty-file", (1, 1), "empty"),
        ("---\n", "empty-file", (1, 1), "empty"),
    ],
)
def test_mistakes_are_explained_at_their_place(text, rule, place, words):
    document = parse_document(text.encode(), file="m.yaml")
    (finding,) = document.findings
    assert (finding.rule, finding.position.line, finding.position.column) == (rule, *place)
    assert words in finding.message
    assert finding.remedy


@pytest.mark.parametrize(
    "text",
    [
        'a: "x\n  y"\n',
        'a:\n  - b: "x\n\n     y"\n',
        '- "x\n y"\n',
        '? a\n: "x\n y"\n',
        '{a: "x\ny"}\n',
        'a: {b: "x\n  y"}\n',
    ],
)
def test_quoted_text_may_go_on_in_indented_lines(text):
    assert parse_document(text.encode(), file="m.yaml").findings == ()


def test_conflict_markers_are_found_all_at_once():
    text = "a: 1\n<<<<<<< HEAD\nb: 1\n||||||| base\nb: 0\n=======\nb: 2\n>>>>>>> topic\n"
    findings = parse_document(text.encode(), file="m.yaml").findings
    assert [(finding.rule, finding.position.line) for finding in findings] == [
        ("conflict-marker", line) for line in (2, 4, 6, 8)
    ]


def test_markers_inside_of_indented_text_are_text():
    assert parse_document(b"a: |\n  <<<<<<< HEAD\n  =======\n", file="m.yaml").findings == ()


@pytest.mark.parametrize(
    ("data", "place", "words"),
    [
        (b"a: 1\nb: \xe9\xff\n", (2, 4), "0xE9"),
        ("é: ".encode() + b"\xff", (1, 4), "0xFF"),
        (b"\xef\xbb\xbfa: \xff", (1, 4), "0xFF"),
        (b"a: \xc3", (1, 4), "0xC3"),
        (b"a: \xed\xa0\x80", (1, 4), "0xED"),
        ("a: b".encode("utf-16"), (0, 0), "UTF-16"),
        ("a: b".encode("utf-16-be"), (0, 0), "UTF-16"),
        ("a: b".encode("utf-32"), (0, 0), "UTF-32"),
        ("a: b".encode("utf-32-le"), (0, 0), "UTF-32"),
    ],
)
def test_other_encodings_are_named(data, place, words):
    (finding,) = parse_document(data, file="m.yaml").findings
    assert (finding.rule, finding.position.line, finding.position.column) == ("not-utf8", *place)
    assert words in finding.message
    assert "UTF-8" in finding.remedy


SECRET = "sk-Hunter2-9f8e7d"


@pytest.mark.parametrize(
    "text",
    [
        f"secret: {SECRET}: x",
        f"secret: '{SECRET}\nb: 1",
        f'secret: "{SECRET}" {SECRET}',
        f"secret: [{SECRET}",
        f"secret: @{SECRET}",
        f"secret: *{SECRET}",
        f"secret: !{SECRET} x",
        f"secret: &{SECRET}: {SECRET}",
        f"secret:\n{SECRET}\nb: 1",
        f"{SECRET}: 1\n{SECRET}: 2",
        f"? [{SECRET}]\n: x",
        f"%{SECRET}\n--- a",
        f"a: |{SECRET}",
        f"a: \x07{SECRET}",
        f"<<<<<<< {SECRET}",
    ],
)
def test_no_value_gets_into_a_finding(text):
    findings = parse_document(text.encode(), file="m.yaml").findings
    assert findings
    assert "Hunter2" not in "".join(f"{finding.message}{finding.remedy}" for finding in findings)
