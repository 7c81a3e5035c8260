"""Hostile manifests: the number of findings and the counted work have limits."""

import sys

import pytest
from selection import few_of

from fbsync.manifest.assemble import assemble
from fbsync.model.findings import MOST_FINDINGS, Finding, Position, Severity, limited
from fbsync.render.findings_text import findings_text
from fbsync.render.paint import Paint
from fbsync.strict_yaml.loader import parse_document

HEAD = "version: 1\nworkspaceId: ws-1\nllms:\n"
ENTRY = "{name: E, aiType: OTHER, endpoint: 'https://x.example.com', secret: $A"
NUMBER = 5_000


def entries(line, number=NUMBER):
    return HEAD + "".join(f"  - {line.format(n=n)}\n" for n in range(number))


def calls_of(work):
    """Count the calls of Python functions while something runs."""
    calls = 0

    def count(_frame, event, _argument):
        nonlocal calls
        calls += event in ("call", "c_call")

    sys.setprofile(count)
    try:
        done = work()
    finally:
        sys.setprofile(None)
    return calls, done


HOSTILE = {
    "items that are no entries": entries("&a{n} x"),
    "anchored entries with faults": entries("&a{n} {{name: E{n}, aiType: NOPE, bogus: 1}}"),
    "unknown types": entries("{{name: E{n}, aiType: abc{n}def, endpoint: https://x.example.com, secret: $A}}"),
    "endpoints that are no URLs": entries("{{name: E{n}, aiType: OTHER, endpoint: x, secret: $A}}"),
    "equal identities": entries(f"{{{ENTRY}}}}}"),
    "no workspaces": entries("{{name: E{n}, aiType: OTHER, endpoint: https://x.example.com, secret: $A}}").replace(
        "workspaceId: ws-1\n", ""
    ),
    "two workspaces each": entries(f"{{{ENTRY}, workspaceId: a, workspace: b}}}}"),
    "own variables": entries(
        "{{name: E{n}, aiType: OTHER, endpoint: https://x.example.com, secret: $FLASHBACK_TOKEN}}"
    ),
    "unknown keys in one mapping": HEAD + "  - {" + ", ".join(f"namee{n}: 1" for n in range(NUMBER)) + "}\n",
    "references in one string": f"{HEAD}  - {ENTRY.replace('com', 'com/' + '$A' * NUMBER)}}}\n",
    "changes of unknown entries": f"{HEAD}  []\nenvironments:\n"
    + "".join(f"  e{n}: {{llms: {{X{n}: {{}}}}}}\n" for n in range(NUMBER)),
}


@pytest.mark.parametrize(
    "name",
    few_of(
        HOSTILE,
        "anchored entries with faults",
        "unknown keys in one mapping",
        "references in one string",
    ),
)
def test_many_mistakes_are_cut_and_cost_no_more_than_reading(name):
    text = HOSTILE[name]
    reading, document = calls_of(lambda: parse_document(text.encode(), file="m.yaml"))
    checking, found = calls_of(lambda: assemble([document]).findings)
    assert len(found) <= MOST_FINDINGS + 1
    if len(found) > 1:
        assert found[-1].rule == "too-many-findings"
        assert found[-1].severity is Severity.ERROR
    assert checking < 10 * reading + 1_000_000
    rendering, _ = calls_of(lambda: findings_text(found, sources={"m.yaml": text}, paint=Paint(enabled=False)))
    assert rendering < 8_000_000


def test_a_host_of_a_megabyte_is_not_encoded():
    hosts = [host * 375_000 for host in ("\u00e9", "\u00e9.", "e\u0301", "a.")]
    text = HEAD + "".join(
        f"  - {ENTRY.replace('E,', f'E{n},').replace('x.example', host)}}}\n" for n, host in enumerate(hosts)
    )
    document = parse_document(text.encode(), file="m.yaml")
    calls, found = calls_of(lambda: assemble([document]).findings)
    assert [finding.rule for finding in found] == ["endpoint-no-url"] * len(hosts)
    assert calls < 10_000


def test_entries_times_environments_are_bounded():
    number = 800
    text = entries("{{name: E{n}, aiType: OTHER, endpoint: https://x.example.com, secret: $A}}", number)
    text += "environments:\n" + "".join(f"  e{n}: {{}}\n" for n in range(number))
    manifest = assemble([parse_document(text.encode(), file="m.yaml")])
    calls, found = calls_of(lambda: manifest.findings)
    assert [finding.rule for finding in found] == ["too-many-environments"]
    assert calls < 200 * number
    assert manifest.findings_in("e7") == ()


def test_errors_are_kept_before_warnings():
    def finding(line, severity):
        return Finding(rule="r", position=Position(file="f", line=line), message="m", severity=severity)

    warnings = [finding(line, Severity.WARNING) for line in range(1, 600)]
    found = limited([*warnings, finding(600, Severity.ERROR)])
    assert len(found) == MOST_FINDINGS + 1
    assert found[-2].severity is Severity.ERROR
    assert found[-1].severity is Severity.ERROR
    assert limited(warnings)[-1].severity is Severity.WARNING
    assert limited(warnings[:MOST_FINDINGS]) == tuple(warnings[:MOST_FINDINGS])
