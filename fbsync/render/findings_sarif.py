"""Findings as SARIF 2.1.0 (OASIS Standard), which GitHub's code scanning shows and tracks."""

from __future__ import annotations

import json
from collections import Counter
from hashlib import sha256
from typing import TYPE_CHECKING
from urllib.parse import quote

from fbsync.render.findings_rules import about
from fbsync.render.paint import visible
from fbsync.version import __version__

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from fbsync.model.findings import Finding, Position
    from fbsync.render.document import Json

_SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/os/schemas/sarif-schema-2.1.0.json"


def findings_sarif(findings: Sequence[Finding]) -> str:
    """Render findings as a log of one run. A run without findings has no results, which closes old alerts."""
    rules = {rule: at for at, rule in enumerate(dict.fromkeys(finding.rule for finding in findings))}
    prints = _fingerprints(findings)
    driver = {
        "name": "fbsync",
        "version": __version__,
        "semanticVersion": __version__,
        "rules": [_rule(rule) for rule in rules],
    }
    run = {
        "tool": {"driver": driver},
        "columnKind": "unicodeCodePoints",
        "results": [
            _result(finding, at=rules[finding.rule], fingerprint=fingerprint)
            for finding, fingerprint in zip(findings, prints, strict=True)
        ],
    }
    return json.dumps({"$schema": _SCHEMA, "version": "2.1.0", "runs": [run]}, indent=2, ensure_ascii=False) + "\n"


def _rule(rule: str) -> Json:
    return {
        "id": rule,
        "name": "".join(word.capitalize() for word in rule.split("-")),
        "shortDescription": {"text": about(rule)},
        "fullDescription": {"text": f"{about(rule)} Each finding says how to fix it."},
        "help": {"text": "Fix the line as the finding says, then run `fbsync validate` again."},
    }


def _result(finding: Finding, *, at: int, fingerprint: str) -> Json:
    lines = [f'In "{visible(finding.entry)}": ' if finding.entry else "", visible(finding.message)]
    text = "".join(lines) + (f"\nFix: {visible(finding.remedy)}" if finding.remedy else "")
    result: Json = {
        "ruleId": finding.rule,
        "ruleIndex": at,
        "level": finding.severity.value,
        "message": {"text": text},
        "locations": [_location(finding.position)],
        "partialFingerprints": {"primaryLocationLineHash": fingerprint},
    }
    if finding.related:
        related = (_location(place) for place in finding.related)
        result["relatedLocations"] = [
            {"id": number, **place, "message": {"text": "belongs to it"}} for number, place in enumerate(related, 1)
        ]
    return result


def _location(place: Position) -> Json:
    location: Json = {"artifactLocation": {"uri": _uri(place.file)}}
    if place.line:
        location["region"] = {"startLine": place.line} | ({"startColumn": place.column} if place.column else {})
    return {"physicalLocation": location}


def _uri(file: str) -> str:
    """Return a path as a URI reference (RFC 3986, 4.2). A relative path stays relative to the folder of the run."""
    if file.startswith("/"):
        return f"file://{quote(visible(file))}"
    return quote(visible(file).removeprefix("./"))


def _fingerprints(findings: Sequence[Finding]) -> Iterator[str]:
    """Yield an identity for each finding: a number among equal findings, not a place, so that lines can move."""
    seen: Counter[str] = Counter()
    for finding in findings:
        parts = (finding.rule, finding.position.file, finding.entry or "", finding.message)
        digest = sha256("\0".join(visible(part) for part in parts).encode()).hexdigest()[:16]
        seen[digest] += 1
        yield f"{digest}:{seen[digest]}"
