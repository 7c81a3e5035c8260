"""The golden folders: the exact output of `fbsync validate` for each kind of mistake."""

import os
import re

import pytest
from golden import cases

UPDATE = bool(os.environ.get("FBSYNC_UPDATE_CASES"))
JARGON = re.compile(
    r"is not valid under|does not match|is not of type|Additional properties|instance|\$defs|regex|JSON Schema|"
    r"Expecting|expected <|block mapping|flow sequence|None\b|dict\b|NoneType",
)


@pytest.mark.parametrize("case", cases(), ids=lambda case: case.id)
def test_says_what_is_expected(case):
    if UPDATE:
        case.update()
    assert case.transcript() == case.expected


@pytest.mark.parametrize("case", cases("good"), ids=lambda case: case.id)
def test_good_cases_have_no_findings(case):
    assert case.expected.endswith("no findings\nexit 0\n")


@pytest.mark.parametrize("case", cases("warned"), ids=lambda case: case.id)
def test_warnings_fail_only_with_strict(case):
    assert " error" not in case.expected
    assert case.expected.endswith("exit 3\n") == ("--strict" in case.args)
    assert case.run("--strict")[0] == 3


@pytest.mark.parametrize("case", cases("bad"), ids=lambda case: case.id)
def test_bad_cases_fail_in_plain_words(case):
    assert case.expected.endswith("exit 3\n")
    assert JARGON.search(case.expected) is None
    assert "4242xX4242yY" not in case.expected


def test_twenty_mistakes_are_reported_in_one_run():
    [case] = cases("bad/twenty-mistakes")
    places = re.findall(r"^fbsync\.yaml:(\d+):(\d+): error", case.expected, re.MULTILINE)
    lines = [(int(line), int(column)) for line, column in places]
    assert len(lines) >= 20
    assert lines == sorted(lines)
