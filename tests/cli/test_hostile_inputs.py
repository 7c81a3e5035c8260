"""Hostile input from a pull request, a server or a machine: whole runs refuse it with a message, within limits."""

import json
import shutil
from itertools import product

import pytest
from cli_world import ROOT
from selection import few_of

MOST_MEMORY = 1_500_000_000
"""In bytes of address space. A run that expands these inputs needs more."""


def entry(**fields):
    merged = {"name": "A", "aiType": "OPENAI", "endpoint": "https://a.example.com", "secret": "$SECRET_ONE"} | fields
    return "".join(
        f"{'  - ' if at == 0 else '    '}{name}: {value}\n" for at, (name, value) in enumerate(merged.items())
    )


def manifest(*entries, **top):
    head = {"version": 1, "workspaceId": "ws-1"} | top
    return "".join(f"{name}: {value}\n" for name, value in head.items()) + "llms:\n" + "".join(entries)


MISUSED = {
    "a credential in an endpoint": manifest(entry(endpoint="https://evil.example/${SECRET_ONE}")),
    "another entry's credential": manifest(
        entry(), entry(name="B", endpoint="https://$SECRET_ONE.example", secret="$X")
    ),
    "its own key": manifest(entry(key="$KEY_TWO", endpoint="https://evil.example/?${KEY_TWO}")),
    "the token as a workspace": manifest(entry(), workspaceId="$FLASHBACK_TOKEN"),
    "the token in an entry's workspace": manifest(entry(workspaceId="ws-$FLASHBACK_TOKEN")),
    "the password as a secret": manifest(entry(secret="$FLASHBACK_PASSWORD")),
    "the refresh token as a key": manifest(entry(key="$FLASHBACK_REFRESH_TOKEN")),
    "the e-mail in an endpoint": manifest(entry(endpoint="https://evil.example/$FLASHBACK_EMAIL")),
    "the fingerprint key in an endpoint": manifest(entry(endpoint="https://evil.example/${FBSYNC_FINGERPRINT_KEY}")),
    "the fingerprint key as a secret": manifest(entry(secret="$FBSYNC_FINGERPRINT_KEY")),
    "a credential in the state's address": manifest(entry(), state="s3://bucket/${SECRET_ONE}"),
    "the token in the state's address": manifest(entry(), state="git:refs/heads/$FLASHBACK_TOKEN"),
    "a credential as a stored key": manifest(entry(), "  - name: B\n    aiType: OPENAI\n    apiKey: $SECRET_ONE\n"),
    "an environment's endpoint": manifest(entry())
    + "environments:\n  staging:\n    llms:\n      A: {endpoint: 'https://evil.example/${SECRET_ONE}'}\n",
    "an environment's workspace": manifest(entry()) + "environments:\n  staging: {workspaceId: $FLASHBACK_TOKEN}\n",
}


@pytest.mark.parametrize("what", MISUSED)
def test_a_credential_where_it_would_be_seen_is_a_finding(project, server, what):
    project.write("fbsync.yaml", MISUSED[what])
    names = ("FLASHBACK_PASSWORD", "FLASHBACK_REFRESH_TOKEN", "FLASHBACK_EMAIL", "FBSYNC_FINGERPRINT_KEY", "X")
    for name in names:
        project.credential(name, f"canary-of-{name.lower()}-0d93be")
    environment = ("-e", "staging") if "environment" in what else ()
    for words in (("validate", "--strict", *environment), ("plan", *environment), ("apply", "--yes", *environment)):
        done = project(*words)
        assert done.returncode == 3, (words, done.stdout, done.stderr)
        assert words[0] != "validate" or "fbsync.yaml:" in done.stdout
    assert server.requests == []
    assert not (project.folder / "fbsync.lock").exists()


LARGE = {
    "anchors": lambda: (
        "version: 1\nworkspaceId: ws-1\nllms: []\nx:\n" + "".join(f"- &a{n} b\n" for n in range(200_000))
    ),
    "faulty entries": lambda: manifest(*(f"  - {{name: A{n}, nonsense: 1}}\n" for n in range(100_000))),
    "equal entries": lambda: manifest(*["  - {name: A, aiType: X, endpoint: y, secret: z}\n"] * 30_000),
    "a host": lambda: manifest(entry(endpoint=f"https://{'ä' * 375_000}.example")),
}


@pytest.mark.parametrize(
    ("form", "what"),
    few_of(
        product(("text", "json"), LARGE),
        *(("text", "anchors"), ("json", "faulty entries"), ("text", "equal entries"), ("json", "a host")),
    ),
)
def test_a_large_and_wrong_manifest_ends_with_findings_that_are_cut(project, what, form):
    project.write("fbsync.yaml", LARGE[what]())
    done = project("validate", "--format", form)
    assert done.returncode == 3
    assert "fbsync.yaml" in done.stdout
    assert len(done.stdout) + len(done.stderr) < 2_000_000
    if form == "json":
        assert len(json.loads(done.stdout)["findings"]) <= 1_000


def test_a_large_env_file_is_read_or_refused_with_words(project, server):
    project.write(".env", "".join(f"NAME_{n}=value\n" for n in range(300_000)))
    done = project("plan")
    assert done.returncode in (0, 3)
    assert done.returncode == 0 or ".env" in done.stdout + done.stderr


ASKING = ("plan --refresh", "apply --yes", "drift", "export -f e.yaml", "workspaces", "doctor")


@pytest.mark.parametrize(
    ("command", "action"),
    few_of(product(ASKING, ("gzip-bomb", "endless-body")), ("doctor", "endless-body")),
)
def test_a_body_without_end_is_an_error_and_fills_no_memory(project, action, command):
    if shutil.which("prlimit") is None:
        pytest.skip("prlimit is not installed")
    rule = {"match": {"method": "GET"}, "action": {"type": action, "megabytes": 4096}}
    project.write("faults.json", json.dumps({"rules": [rule]}))
    inner = ("prlimit", f"--as={MOST_MEMORY}", "fbsync", *command.split())
    retry = () if command == "doctor" else ("--retry-timeout", "0")
    path = f"{ROOT}/.venv/bin:{project.environment['PATH']}"
    done = project("sandbox", "run", "--faults", "faults.json", "--", *inner, *retry, env={"PATH": path})
    assert done.returncode in ((0, 1, 4) if command == "doctor" else (1, 4)), done.stdout + done.stderr
    said = done.stdout + done.stderr
    assert "more than" in said, said
    assert "MemoryError" not in said
    assert "fbsync itself failed" not in said


@pytest.mark.parametrize("cost", [1, 1024, 2**20, 2**40])
def test_a_lockfile_does_not_choose_the_cost_of_fingerprints(project, scrypt, server, cost):
    assert project("apply", "--yes").returncode == 0
    lockfile = project.lockfile
    lockfile["fingerprints"]["n"] = cost
    project.write("fbsync.lock", json.dumps(lockfile))
    for words in (("plan",), ("apply", "--yes"), ("drift",), ("state", "list"), ("destroy", "--yes")):
        done = project(*words)
        assert done.returncode == 3, (words, done.stdout, done.stderr)
        assert "fbsync.lock" in done.stdout + done.stderr
