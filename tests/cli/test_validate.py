"""`fbsync validate` as a whole: what it checks, its exit codes, and that nothing makes it crash."""

import json
import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest
from golden import ROOT, cases, run
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from fbsync.manifest.assemble import read_manifest
from fbsync.model.errors import InvalidInput
from fbsync.render.findings_rules import about
from fbsync.variables import Variables

ENTRY = "  - {{name: {name}, aiType: OPENAI, endpoint: {endpoint}, secret: $KEY}}\n"
FORMATS = ("text", "json", "github", "sarif", "junit")


def manifest(*entries, tail=""):
    lines = (ENTRY.format(**({"name": "Chat", "endpoint": "https://x.example.com"} | entry)) for entry in entries)
    return "version: 1\nworkspaceId: ws-1\nllms:\n" + "".join(lines) + tail


def rules(out):
    return re.findall(r"\[([a-z-]+)\]$", out, re.MULTILINE)


def test_the_json_document_carries_findings_and_exit_code(tmp_path):
    (tmp_path / "fbsync.yaml").write_text(manifest({}, {}))
    code, out, _ = run("validate", "-f", tmp_path, "--format", "json")
    document = json.loads(out)
    assert code == document["exit_code"] == 3
    assert document["command"] == "validate"
    [finding] = document["findings"]
    assert (finding["rule"], finding["entry"], finding["line"]) == ("duplicate-identity", "Chat", 5)
    assert [place["line"] for place in finding["related"]] == [4]


def test_every_environment_is_checked_unless_one_is_named(tmp_path):
    path = tmp_path / "fbsync.yaml"
    path.write_text(
        manifest(
            {},
            tail="environments:\n"
            "  a: {llms: {Chat: {endpoint: x}}}\n"
            "  b: {llms: {Chat: {endpoint: http://b.example.com}, Nobody: null}}\n",
        )
    )
    assert rules(run("validate", path)[1]) == ["endpoint-no-url", "endpoint-plain-http", "unknown-entry"]
    assert rules(run("validate", path, "-e", "a")[1]) == ["endpoint-no-url"]
    assert rules(run("validate", path, "-e", "b")[1]) == ["endpoint-plain-http", "unknown-entry"]


def test_a_mistake_in_one_environment_does_not_stop_another(tmp_path):
    path = tmp_path / "fbsync.yaml"
    path.write_text(manifest({}, tail="environments: {good: {}, bad: {llms: {Chat: {endpoint: x}}}}\n"))
    made, nothing = read_manifest([path]), Variables(files=(), environment={})
    assert [llm.name for llm in made.desired("good", nothing)] == ["Chat"]
    with pytest.raises(InvalidInput) as caught:
        made.desired("bad", nothing)
    assert [finding.rule for finding in caught.value.findings] == ["endpoint-no-url"]


@pytest.mark.parametrize(
    ("environment", "rule"),
    [
        ({"BASE": "https://user:password@x"}, "endpoint-credentials"),
        ({"BASE": "x.example.com"}, "endpoint-no-url"),
        ({"BASE": "https://x", "WS": "ws-1"}, "duplicate-identity"),
    ],
)
def test_what_shows_only_when_references_are_resolved_stops_the_run(tmp_path, environment, rule):
    path = tmp_path / "fbsync.yaml"
    path.write_text(manifest({"endpoint": "$BASE"}, {"endpoint": "https://x, workspaceId: $WS"}))
    made = read_manifest([path])
    assert made.findings == ()
    with pytest.raises(InvalidInput) as caught:
        made.desired(None, Variables(files=(), environment=environment))
    assert [finding.rule for finding in caught.value.findings] == [rule]


def test_plain_http_behind_a_reference_does_not_stop_the_run(tmp_path):
    path = tmp_path / "fbsync.yaml"
    path.write_text(manifest({"endpoint": "$BASE"}))
    variables = Variables(files=(), environment={"BASE": "http://llm.example.com"})
    [llm] = read_manifest([path]).desired(None, variables)
    assert llm.endpoint.value == "http://llm.example.com"


def test_files_are_joined_and_manifests_are_not(tmp_path):
    for name in ("a", "b"):
        (tmp_path / f"{name}.yaml").write_text(manifest({}))
    a, b = tmp_path / "a.yaml", tmp_path / "b.yaml"
    assert rules(run("validate", "-f", a, "-f", b)[1]) == ["duplicate-identity"]
    assert rules(run("validate", "-f", tmp_path)[1]) == ["duplicate-identity"]
    assert run("validate", a, b)[0] == 0
    assert run("validate", "-f", a, b)[0] == 0


@pytest.mark.parametrize("format_", FORMATS)
@pytest.mark.parametrize("name", ["/dev/null", ".", "\udcff.yaml", "a\nb.yaml", "-", "x" * 300, "absent/fbsync.yaml"])
def test_what_is_no_file_is_a_finding(tmp_path, name, format_):
    code, out, err = run("validate", "-f", name if name.startswith("/") else tmp_path / name, "--format", format_)
    assert (code, err) == (3, "")
    out.encode()
    if format_ in ("json", "sarif"):
        json.loads(out)


def test_a_file_whose_name_is_no_text_is_read(tmp_path):
    path = Path(os.fsdecode(os.fsencode(tmp_path) + b"/\xff.yaml"))
    path.write_text(manifest({}))
    code, out, _ = run("validate", path)
    assert (code, out.endswith("\\udcff.yaml: 1 entry, no findings\n")) == (0, True)


def test_every_rule_is_described():
    sources = [*(ROOT / "fbsync" / "manifest").glob("*.py"), ROOT / "fbsync" / "settings.py"]
    text = "".join(path.read_text() for path in sources)
    named = set(re.findall(r'rule(?:: str)? ?= ?"([a-z0-9-]+)"', text))
    named |= {rule for case in cases() for rule in rules(case.expected)}
    assert len(named) > 35
    undescribed = {rule for rule in named if about(rule) == f"{rule.replace('-', ' ').capitalize()}."}
    assert not undescribed


def test_nothing_is_said_twice_and_all_in_order():
    for case in cases("bad"):
        document = json.loads(case.run("--format", "json")[1])
        places = [(f["file"], f["line"], f["column"]) for f in document["findings"]]
        assert places == sorted(places)
        said = [json.dumps(finding, sort_keys=True) for finding in document["findings"]]
        assert len(set(said)) == len(said)


SEEDS = [path.read_text(errors="replace") for case in cases() for path in case.manifests]
PIECES = sorted({piece for seed in SEEDS for piece in re.findall(r"\S+|\n +", seed)})


@st.composite
def mutated(draw):
    """Two manifests of the cases, spliced, with pieces of others inserted and parts removed."""
    first, second = draw(st.sampled_from(SEEDS)), draw(st.sampled_from(SEEDS))
    text = first[: draw(st.integers(0, len(first)))] + second[draw(st.integers(0, len(second))) :]
    for _ in range(draw(st.integers(0, 8))):
        at = draw(st.integers(0, len(text)))
        piece = draw(
            st.sampled_from(PIECES)
            | st.sampled_from("\"'#:-?{}[],&*!|>%@`$\\\t\n \r\0\ufeff\u2028é")
            | st.text(max_size=3)
        )
        text = text[:at] + piece + text[at + draw(st.integers(0, 12)) :]
    return text


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(text=mutated(), format_=st.sampled_from(FORMATS), more=st.sampled_from([(), ("--strict",), ("-e", "staging")]))
def test_no_input_makes_it_stumble(tmp_path, text, format_, more):
    path = tmp_path / "fbsync.yaml"
    path.write_bytes(text.encode("utf-8", "surrogatepass"))
    code, out, err = run("validate", path, "--format", format_, *more)
    assert code in (0, 3), err
    assert err == ""
    assert bool(code) <= bool(out)


def piped(cli, *args, text, file=None):
    """Run fbsync in bash with a manifest on standard input, and with one from a process substitution at PIPE."""
    command = shlex.join([sys.executable, "-m", "fbsync", *args]).replace("PIPE", '<(cat "$0")')
    done = subprocess.run(
        ["bash", "-c", command, str(file)],
        cwd=cli.folder,
        env=cli.environment | {"SECRET_ONE": "canary-one"},
        input=text,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert "canary" not in done.stdout + done.stderr
    return done


ONE = """version: 1
workspaceId: ws-1
llms:
  - {name: One, aiType: OPENAI, endpoint: https://one.example.com, secret: $SECRET_ONE}
"""


def test_a_manifest_from_standard_input(cli):
    assert piped(cli, "validate", "-f", "-", text=ONE).stdout == "<stdin>: 1 entry, no findings\n"
    assert piped(cli, "validate", "-", text=ONE).stdout == "<stdin>: 1 entry, no findings\n"
    wrong = piped(cli, "validate", "-f", "-", text=ONE.replace("OPENAI", "OPENI"))
    assert wrong.returncode == 3
    assert "<stdin>:4:25: error" in wrong.stdout
    assert "{name: One, aiType: OPENI" in wrong.stdout
    planned = piped(cli, "plan", "-f", "-", "--lock-file", "x.lock", text=ONE)
    assert planned.returncode == 0
    assert "Plan: 1 to add" in planned.stdout
    assert "has no lockfile" in piped(cli, "plan", "-f", "-", text=ONE).stderr


def test_a_manifest_from_the_pipe_of_a_shell(cli):
    other = cli.write("other", ONE.replace("One", "Two"))
    both = piped(cli, "validate", "-f", "PIPE", "-f", "-", text=ONE, file=other)
    assert both.stdout.endswith(", <stdin>: 2 entries, no findings\n")
    twice = piped(cli, "plan", "--all-environments", "--format", "html", "-f", "PIPE", text="", file=other)
    assert "Two" in twice.stdout
    assert twice.returncode == 0


@pytest.mark.parametrize(
    "command", [("validate", "-f", "-", "-f", "-"), ("validate", "-f", "-", "-"), ("env", "-f", "-", "-f", "-")]
)
def test_standard_input_can_be_named_only_once(cli, command):
    done = piped(cli, *command, text=ONE)
    assert done.returncode == 64
    assert "more than once" in done.stderr
