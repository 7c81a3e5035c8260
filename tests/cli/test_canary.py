"""No format of `fbsync validate` repeats a credential or a large part of one, whatever mistake put it there.

The only exception is an entry's name, since every message shows it.
"""

import re
from itertools import islice

import pytest
from golden import CASES
from hypothesis import HealthCheck, assume, example, given, settings
from hypothesis import strategies as st

from fbsync.manifest.assemble import assemble
from fbsync.model.errors import ExitCode
from fbsync.model.findings import errors_among
from fbsync.render.document import dump, result_document
from fbsync.render.findings_github import findings_github
from fbsync.render.findings_junit import findings_junit
from fbsync.render.findings_sarif import findings_sarif
from fbsync.render.findings_text import findings_text
from fbsync.render.paint import Paint
from fbsync.strict_yaml.loader import parse_document

WINDOW = 12
CANARIES = (
    "sk-proj-Q7w2E9r4T1y6U3i8O5p0A2s4D6f8G1h3J5k7",
    "AKIAIOSFODNN7EXAMPLE",
    "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
    "0b1c2d3e-4f50-6172-8394-a5b6c7d8e9f0",
    "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.dozjgNryP4J3jVmNHl0w5N_XgL0n3I9PlFUP0THsR8U",
    "QmFzZTY0VmFsdWVPZkFTZWNyZXRUaGF0SGFzTm9EaWdpdHM",
    "Xy7+Zq/9Kf==Wm4%Rt8&Vb2!Nc6^Hd1*Js3",
)
MANIFEST = """\
version: 1
workspaceId: ws-main
llms:
  - name: Chat
    aiType: OPENAI
    endpoint: https://api.openai.com/v1
    secret: $OPENAI_API_KEY
    key: $KEY
    workspaceId: ws-other
    previousName: Old chat
    protect: true
  - {name: Search, aiType: GOOGLE, endpoint: "https://search.example.com", secret: '$GEMINI_API_KEY'}
environments:
  staging:
    workspaceId: ws-staging
    llms:
      Chat: {endpoint: https://staging.example.com, secret: $STAGING_KEY}
      Search:
        secret: $OTHER_KEY
        key: null
  prod:
    llms:
      Search: null
"""
LINES = MANIFEST.splitlines()
# fmt: off
VALUES = (
    "{c}", "'{c}'", '"{c}"', '"{c}', "'{c}", "Bearer {c}", "{c} $KEY", "$KEY{c}", "[{c}]", "[$KEY, {c}]",
    "{{x: {c}}}", "{{{c}: x}}", "{{{{ {c} }}}}", "|\n          {c}", ">-\n          {c}\n          {c}",
    "\n          - {c}", "\n          {c}: x", "\n          secret: {c}", "!!str {c}", "!{c} x", "&a {c}", "&{c} x",
    "*{c}", "@{c}", "`{c}", "%{c}", "{c} # {c}", "$KEY # {c}", "{c}: {c}", "name: {c}",
    "https://user:{c}@x.example.com", "https://{c}@x", "https//u:{c}@x", "https://x.example.com/?key={c}",
    "https://x.example.com/{c}", "https://x.example.com:{c}", "ftp://{c}", "${{{c}}}", "${{{c}", "$<{c}", "\\{c}",
    '"\\{c}"', "<<<<<<< {c}", "\t{c}", "{c},", "{c}]", "? {c}", "- {c}", "|{c}", "? |\n {c}",
)
KEYS = (
    "{c}", "'{c}'", '"{c}', "secret {c}", "secret:{c}", "[{c}]", "? {c}", "!{c}", "&{c}", "*{c}", "<<", "secrets",
    "apiKey", "x y",
)
ADDED = (
    "# {c}", "{c}", "{c}: x", "secrets: {c}", "apiKey: {c}", "{c}:", "- {c}", "- secret: {c}", '"{c}', "'{c}",
    "[{c}", "{{{c}", "? {c}", "<<: {c}", "<<: *{c}", "%{c}", "--- {c}", "... {c}", "<<<<<<< {c}", ">>>>>>> {c}",
    "=======", "\t{c}: {c}", "!{c}", "secret: {c}\n    secret: {c}", "{c}: x\n    {c}: x", "name: 'x' {c}",
    "aiType: OPENAI {c}", "protect: {c}", "endpoint {c}",
)
# fmt: on


def printed(text):
    """What each format prints for a manifest, and the names of its entries."""
    document = parse_document(text.encode(), file="fbsync.yaml")
    manifest = assemble([document])
    findings = manifest.findings
    sources = {"fbsync.yaml": text}
    outs = {
        "text": findings_text(findings, sources=sources, paint=Paint(enabled=False)),
        "colour": findings_text(findings, sources=sources, paint=Paint(enabled=True)),
        "json": dump(result_document("validate", ExitCode.DONE, findings=findings)),
        "github": findings_github(findings),
        "sarif": findings_sarif(findings),
        "junit": findings_junit(findings, files=("fbsync.yaml",), failing=errors_among(findings)),
    }
    return outs, [draft.fields["name"].value for draft in manifest.drafts if "name" in draft.fields]


def assert_kept(text, canary):
    outs, names = printed(text)
    windows = [canary[at : at + WINDOW].lower() for at in range(len(canary) - WINDOW + 1)]
    named = str(names).lower()
    for format_, out in outs.items():
        lowered = out.lower()
        leaked = [window for window in windows if window in lowered and window not in named]
        assert not leaked, (format_, text, out)


def edits(canary):
    """Put the canary instead of, after and before every part of the manifest."""
    for at, line in enumerate(LINES):
        indent = line[: len(line) - len(line.lstrip())]
        for new in ADDED:
            yield at, f"{indent}{new.format(c=canary)}\n{line}"
            yield at, f"{line}\n{indent}  {new.format(c=canary)}"
            yield at, f"{line} {new.format(c=canary)}"
        for pair in re.finditer(r"(\w+):( [^{][^,}]*|$)", line):
            for value in VALUES:
                if pair[1] != "name":
                    yield at, f"{line[: pair.start(2)]} {value.format(c=canary)}{line[pair.end(2) :]}"
            for key in KEYS:
                yield at, f"{line[: pair.start(1)]}{key.format(c=canary)}{line[pair.end(1) :]}".replace("$KEY", canary)


EDITED = CANARIES[:2] + CANARIES[-2:]


@pytest.mark.parametrize(
    ("canary", "first", "step"),
    [
        *((canary, number, len(EDITED)) for number, canary in enumerate(EDITED)),
        *(pytest.param(canary, 0, 1, marks=pytest.mark.thorough) for canary in EDITED),
    ],
)
def test_in_every_place_and_by_every_mistake(canary, first, step):
    """By default, each edit is tried with one credential; the thorough tests try every edit with every credential."""
    number = 0
    for at, edited in islice(edits(canary), first, None, step):
        text = "\n".join([*LINES[:at], edited, *LINES[at + 1 :], ""])
        assert_kept(text, canary)
        number += 1
    assert number > 2500 // step


@pytest.mark.parametrize("canary", CANARIES)
def test_in_place_of_each_reference(canary):
    for reference in re.findall(r"\$\w+", MANIFEST):
        text = MANIFEST.replace(reference, canary)
        assert_kept(text, canary)
        assert_kept(text.replace("aiType", "aitype").replace("    ", "   ", 1), canary)


@st.composite
def broken(draw):
    """A manifest full of literal credentials, with characters and lines removed, inserted, doubled and swapped."""
    canary = draw(st.from_regex(r"[a-z]{2}-[A-Za-z0-9]{28,40}", fullmatch=True) | st.sampled_from(CANARIES))
    text = re.sub(r"\$\w+", lambda _: canary, MANIFEST)
    for _ in range(draw(st.integers(1, 6))):
        at = draw(st.integers(0, len(text)))
        match draw(st.sampled_from(["cut", "line", "put", "double", "join"])):
            case "cut":
                text = text[:at] + text[at + draw(st.integers(1, 4)) :]
            case "line":
                text = text[:at] + text[at:].partition("\n")[2]
            case "put":
                text = (
                    text[:at]
                    + draw(st.sampled_from("\"'#:-?{}[],&*!|>%@`$\\\t\n ") | st.sampled_from(["\n  ", ": ", " #"]))
                    + text[at:]
                )
            case "double":
                text = text[:at] + text[max(0, at - 40) : at] + text[at:]
            case _:
                text = text[:at] + text[at:].replace("\n", " ", 1)
    return canary, text


@settings(suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much])
@given(broken())
def test_in_a_broken_file(made):
    canary, text = made
    assume(re.search(r"[0-9].*[0-9].*[0-9].*[0-9].*[0-9]", canary) or canary in CANARIES)
    assert_kept(text, canary)


@given(
    name=st.text(min_size=1, max_size=40), secret=st.from_regex(r"[A-Za-z]{3}[0-9]{5}[A-Za-z0-9]{20}", fullmatch=True)
)
@example(name="x", secret="abc12345" + "Z" * 20)
def test_in_the_cases_that_are_wrong_anyway(name, secret):
    text = (CASES / "bad" / "twenty-mistakes" / "fbsync.yaml").read_text().replace("sk-proj-4242xX4242yY4242zZ", secret)
    assume(secret[:12] not in name)
    assert_kept(text.replace("Claude", name), secret)
