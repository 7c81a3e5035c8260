"""The formats of `fbsync validate`: one document each, the same findings in all of them.

`sarif-2.1.0.json` is OASIS's schema of SARIF, as npm's @microsoft/sarif-multitool (MIT) ships it.
"""

import json
import re
from pathlib import Path
from urllib.parse import unquote
from xml.etree import ElementTree as ET

import pytest
from golden import cases, run
from jsonschema import Draft202012Validator

from fbsync.model.findings import Finding, Position, Severity
from fbsync.render.findings_github import findings_github
from fbsync.render.findings_junit import findings_junit
from fbsync.render.findings_sarif import findings_sarif
from fbsync.render.findings_text import findings_text
from fbsync.render.paint import Paint

SARIF = Draft202012Validator(json.loads((Path(__file__).parent / "sarif-2.1.0.json").read_text()))
CASES = [*cases("bad"), *cases("warned"), *cases("good")]
HEAD = re.compile(
    r"^(?P<place>\S+?): (?P<severity>error|warning)(?: in \".*?\")?: (?P<message>.*) \[(?P<rule>[\w-]+)\]$"
)


def from_text(out):
    found = []
    for line in out.splitlines():
        if head := HEAD.match(line):
            file, *numbers = head["place"].split(":")
            line_number, column = [*(int(number) for number in numbers), 0, 0][:2]
            found.append((head["rule"], head["severity"], file, line_number, column))
    return found


def from_json(out):
    document = json.loads(out)
    return [
        (finding["rule"], finding["severity"], finding["file"], finding["line"], finding["column"])
        for finding in document.get("findings", [])
    ]


def from_github(out):
    found = []
    for line in out.splitlines():
        command, properties, _ = re.fullmatch(r"::(error|warning) ([^:]*)::(.*)", line).groups()
        values = dict(pair.split("=", 1) for pair in properties.split(","))
        rule = values["title"].split(" ")[1]
        file = values["file"].replace("%3A", ":").replace("%2C", ",").replace("%25", "%")
        found.append((rule, command, file, int(values.get("line", 0)), int(values.get("col", 0))))
    return found


def from_sarif(out):
    [sarif_run] = json.loads(out)["runs"]
    found = []
    for result in sarif_run["results"]:
        place = result["locations"][0]["physicalLocation"]
        region = place.get("region", {})
        file = unquote(place["artifactLocation"]["uri"])
        found.append(
            (result["ruleId"], result["level"], file, region.get("startLine", 0), region.get("startColumn", 0))
        )
    return found


def from_junit(out):
    found = []
    for case in ET.fromstring(out).iter("testcase"):
        if case.get("name") == "no findings":
            continue
        failure, passed = case.find("failure"), case.find("system-out")
        text = (failure if failure is not None else passed).text.splitlines()[0]
        place, severity = re.match(r"(\S+?): (error|warning)", text).groups()
        file, *numbers = place.split(":")
        line, column = [*(int(number) for number in numbers), 0, 0][:2]
        found.append((case.get("name").split(" ")[0], severity, file, line, column))
    return found


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.id)
def test_every_format_has_the_same_findings(case):
    code, text, err = case.run()
    expected = from_text(text)
    assert bool(expected) == (not text.endswith("no findings\n"))
    for format_, parsed in (("json", from_json), ("github", from_github), ("sarif", from_sarif), ("junit", from_junit)):
        other_code, out, other_err = case.run("--format", format_)
        assert parsed(out) == expected, format_
        assert (other_code, other_err) == (code, err)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.id)
def test_sarif_is_valid(case):
    document = json.loads(case.run("--format", "sarif")[1])
    assert list(SARIF.iter_errors(document)) == []
    [sarif_run] = document["runs"]
    rules = [rule["id"] for rule in sarif_run["tool"]["driver"]["rules"]]
    assert [rules[result["ruleIndex"]] for result in sarif_run["results"]] == [
        r["ruleId"] for r in sarif_run["results"]
    ]
    prints = [result["partialFingerprints"]["primaryLocationLineHash"] for result in sarif_run["results"]]
    assert len(set(prints)) == len(prints)


def test_sarif_fingerprints_stay_when_lines_move(tmp_path):
    [case] = cases("bad/twenty-mistakes")
    text = (case.folder / "fbsync.yaml").read_text()
    prints = []
    for lead in ("", "\n# moved\n\n"):
        (tmp_path / "fbsync.yaml").write_text(lead + text)
        out = run("validate", "-f", tmp_path / "fbsync.yaml", "--format", "sarif")[1]
        results = json.loads(out)["runs"][0]["results"]
        prints.append([result["partialFingerprints"] for result in results])
    assert prints[0] == prints[1]


def finding(**fields):
    given = {"rule": "unknown-key", "position": Position(file="a.yaml", line=2, column=3), "message": "message"}
    return Finding(**(given | fields))


def test_github_commands_are_escaped():
    odd = finding(
        position=Position(file="50%,a:b.yaml", line=2),
        entry="Chat, 100%: new\r\n::error::injected",
        message="first\n::warning::second 5%",
        related=(Position(file="b.yaml", line=7, column=1),),
    )
    assert findings_github([odd]) == (
        "::error file=50%25%2Ca%3Ab.yaml,line=2,"
        "title=fbsync unknown-key in Chat%2C 100%25%3A new\\r\\n%3A%3Aerror%3A%3Ainjected"
        "::first\\n::warning::second 5%25%0ASee also b.yaml:7:1\n"
    )


def test_a_finding_about_a_whole_file_has_no_line():
    whole = finding(position=Position(file="./a b.yaml"), severity=Severity.WARNING)
    assert findings_github([whole]).startswith("::warning file=./a b.yaml,title=")
    [result] = json.loads(findings_sarif([whole]))["runs"][0]["results"]
    assert result["locations"] == [{"physicalLocation": {"artifactLocation": {"uri": "a%20b.yaml"}}}]
    assert "line" not in ET.fromstring(findings_junit([whole], files=(), failing=())).find(".//testcase").attrib


def test_sarif_points_at_related_places():
    out = findings_sarif([finding(related=(Position(file="/b.yaml", line=7, column=1),))])
    [result] = json.loads(out)["runs"][0]["results"]
    [related] = result["relatedLocations"]
    assert related["physicalLocation"] == {
        "artifactLocation": {"uri": "file:///b.yaml"},
        "region": {"startLine": 7, "startColumn": 1},
    }


def test_junit_holds_no_characters_that_xml_forbids():
    odd = finding(entry="\x00\x1b[31m\ufffe\ud800", message="a <b> & 'c'\nd")
    root = ET.fromstring(findings_junit([odd], files=("a.yaml", "b.yaml"), failing=(odd,)))
    [suite] = root
    assert (suite.get("tests"), suite.get("failures")) == ("2", "1")
    assert suite.find("testcase").get("name") == r"unknown-key in \x00\x1b[31m\ufffe\ud800 (line 2)"
    assert "a <b> & 'c'" in suite.find("testcase/failure").text
    assert suite.findall("testcase")[1].attrib == {"classname": "b.yaml", "name": "no findings"}


def test_junit_fails_for_warnings_with_strict_only():
    [case] = cases("warned/plain-http")
    failures = {}
    for more in ((), ("--strict",)):
        failures[more] = ET.fromstring(case.run("--format", "junit", *more)[1])[0].get("failures")
    assert failures == {(): "0", ("--strict",): "2"}


def test_text_is_in_colour_only_for_those_who_see_it(monkeypatch):
    [case] = cases("bad/schema/version")
    assert "\x1b" not in case.run()[1]
    monkeypatch.setenv("FORCE_COLOR", "1")
    coloured = case.run()[1]
    assert "\x1b[31m^\x1b[0m" in coloured
    assert re.sub(r"\x1b\[\d+m", "", coloured) in case.expected
    assert "\x1b" not in case.run("--format", "github")[1]
    monkeypatch.setenv("NO_COLOR", "1")
    assert "\x1b" not in case.run()[1]


def test_a_terminal_cannot_be_steered_by_what_is_shown():
    odd = finding(entry="\x1b[2J\u202egnp", message="\x07", remedy="\u2028")
    out = findings_text([odd], sources={"a.yaml": "\n  \x1b[2Jname: \u202ex\n"}, paint=Paint(enabled=False))
    assert not set(out) & set("\x1b\x07\u202e\u2028")
    assert "\\x1b[2J" in out
    assert "\x1b[2J" not in findings_text([odd], sources={}, paint=Paint(enabled=True))


def test_many_of_one_kind_are_one_with_the_first_three_places():
    plain = Paint(enabled=False)
    places = [Position(file="a.yaml", line=at, column=3) for at in range(1, 41)]
    many = [finding(rule="no-key", position=place, entry=f"E{place.line}") for place in places]
    others = [finding(rule="other", position=Position(file="a.yaml", line=at, column=3)) for at in range(50, 53)]
    text = findings_text([*many, *others], sources={}, paint=plain, folded=True)
    assert 'the same at a.yaml:2:3 in "E2", a.yaml:3:3 in "E3" and 37 more; -v shows all' in text
    assert text.count("[no-key]") == 1
    assert text.count("[other]") == 3
    assert text.rstrip().endswith("43 errors")
    assert findings_text([*many, *others], sources={}, paint=plain).count("[no-key]") == 40


@pytest.mark.parametrize("format_", ["json", "github", "sarif", "junit"])
def test_a_wrong_usage_is_no_finding(format_):
    code, out, err = run("validate", "--format", format_, "--no-such-option")
    assert code == 64
    assert "Traceback" not in err
    assert "no such option" in (out if format_ == "json" else err).lower()
