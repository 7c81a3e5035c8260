"""The public yaml-test-suite: each case has its value, an expected refusal, or a listed difference."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from fbsync.strict_yaml.loader import Document, parse_document, read_document

ROOT = Path(__file__).parents[2]
SUITE = ROOT.parent / "shared" / "data" / "yaml-test-suite.json"
DEPARTURES = read_document(Path(__file__).with_name("suite_departures.yaml"), shown_as="suite_departures.yaml")
REFUSED: dict[str, str] = DEPARTURES.value["refused"]
ACCEPTED: dict[str, dict[str, Any]] = DEPARTURES.value["accepted"]

if not SUITE.is_file():
    pytest.skip("the yaml-test-suite is not in ../shared/data", allow_module_level=True)

CASES: dict[str, dict[str, Any]] = {case["id"]: case for case in json.loads(SUITE.read_text())["cases"]}


def documents_in(case: dict[str, Any]) -> list[Any] | None:
    """The values that the suite expects, one for each document; None if it gives no value."""
    if case["json"] is None:
        return None
    decoder, rest, values = json.JSONDecoder(), case["json"].strip(), []
    while rest:
        value, end = decoder.raw_decode(rest)
        values.append(value)
        rest = rest[end:].lstrip()
    return values


def starts_lines(case: dict[str, Any], *starts: str) -> bool:
    return any(line.startswith(starts) for line in case["yaml"].splitlines())


def has_odd_keys(value: Any) -> bool:
    """Whether JSON shows keys that are not text in YAML."""
    if isinstance(value, dict):
        return any(
            key in ("", "null", "true") or key[0] in "0123456789{[" or has_odd_keys(item) for key, item in value.items()
        )
    return isinstance(value, list) and any(map(has_odd_keys, value))


CONSTRUCTS = {
    "tag-not-taken": lambda case, _: "!" in case["yaml"],
    "several-documents": lambda case, values: values is None or len(values) > 1 or case["yaml"].count("---") > 1,
    "directive-not-taken": lambda case, _: starts_lines(case, "%"),
    "empty-file": lambda _, values: values in (None, [], [None], [""]) or values[0] in (None, ""),
    "key-not-a-string": lambda _, values: values is None or has_odd_keys(values),
}
"""The rules for unsupported constructs, each with a pattern that finds the construct in the case."""


def names_a_construct(document: Document, case: dict[str, Any]) -> bool:
    values = documents_in(case)
    rules = {finding.rule for finding in document.findings}
    return rules <= CONSTRUCTS.keys() and all(CONSTRUCTS[rule](case, values) for rule in rules)


def same(mine: Any, theirs: Any) -> bool:
    """Equality as in JSON: 1 and true differ, 1 and 1.0 do not."""
    if isinstance(mine, dict) and isinstance(theirs, dict):
        return mine.keys() == theirs.keys() and all(same(mine[key], theirs[key]) for key in mine)
    if isinstance(mine, list) and isinstance(theirs, list):
        return len(mine) == len(theirs) and all(map(same, mine, theirs))
    return mine == theirs and isinstance(mine, bool) == isinstance(theirs, bool)


def test_the_suite_is_whole():
    assert len(CASES) == 402


def test_the_list_of_departures_names_cases_of_the_suite_with_reasons():
    assert DEPARTURES.findings == ()
    assert CASES.keys() >= REFUSED.keys() | ACCEPTED.keys()
    assert all([*REFUSED.values(), *(entry["reason"] for entry in ACCEPTED.values())])


@pytest.mark.parametrize("name", CASES)
def test_case(name):
    case = CASES[name]
    document = parse_document(case["yaml"].encode(), file=name)
    if name in REFUSED:
        assert not case["error"], "a departure refuses what is valid"
        assert document.findings, "this entry is stale: nothing is refused"
        assert not names_a_construct(document, case), "this entry is stale: the finding names a construct"
    elif name in ACCEPTED:
        assert case["error"], "a departure takes what is invalid"
        assert document.findings == (), "this entry is stale: it is refused"
        assert same(document.value, ACCEPTED[name]["value"])
    elif case["error"]:
        assert document.findings
    elif document.findings:
        assert names_a_construct(document, case)
    else:
        assert documents_in(case) is not None
        assert same([document.value], documents_in(case))
