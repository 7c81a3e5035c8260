"""Runs of several clones on one state in git, killed and stopped at any request; then one clean run has to converge."""

import json
import os
import random
import re
import shutil
import signal
import subprocess
import time

import pytest

REF = "refs/fbsync/state/default"
NAMES = ("One", "Two", "Three", "Four")
GIT = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}


def git(*arguments, cwd=None):
    return subprocess.run(["git", *map(str, arguments)], cwd=cwd, check=True, capture_output=True, text=True, env=GIT)


def manifest(chance):
    """Some of the names, each with one of two endpoints."""
    entries = [
        f"  - {{name: {name}, aiType: OPENAI, secret: $SECRET_ONE, endpoint: https://{chance.choice('ab')}.example}}\n"
        for name in NAMES
        if chance.random() < 0.8
    ]
    return "version: 1\nworkspaceId: $FLASHBACK_WORKSPACE_ID\nllms:\n" + ("".join(entries) or "  []\n")


def trouble(chance, cli, server, folder):
    """Start an apply in a clone, and kill or stop it once so many more requests have come."""
    cli.folder = folder
    process = cli.process("apply", "--yes", "--prune", "--max-deletes", "100%", "--lock-timeout", "1")
    until = len(server.requests) + chance.randrange(12)
    while len(server.requests) < until and process.poll() is None:
        time.sleep(0.005)
    return process, chance.choice((signal.SIGKILL, signal.SIGKILL, signal.SIGSTOP, signal.SIGTERM))


def schedule(seed, cli, server, remote, root):
    """Rounds of two runs at a time in two clones; gives the clone that a clean run is to converge in."""
    chance = random.Random(seed)
    clones = [root / f"{seed}-{number}" for number in range(2)]
    for clone in clones:
        git("clone", "--quiet", remote, clone)
    stopped = []
    for _ in range(3):
        text = manifest(chance)
        for clone in clones:
            (clone / "fbsync.yaml").write_text(text)
        runs = [trouble(chance, cli, server, clone) for clone in clones]
        for process, how in runs:
            if process.poll() is None:
                process.send_signal(how)
            if how is signal.SIGSTOP:
                stopped.append(process)
            else:
                cli.finish(process)
        cli.folder = clones[0]
        cli("state", "unlock", "--yes")
    assert cli("apply", "--yes", "--prune", "--max-deletes", "100%").returncode == 0
    for process in stopped:
        process.send_signal(signal.SIGCONT)
        cli.finish(process)
    return clones[0]


@pytest.mark.parametrize("seed", [1, 2, *(pytest.param(seed, marks=pytest.mark.thorough) for seed in range(3, 40))])
def test_clones_that_share_a_state_converge_and_create_nothing_twice(
    seed, cli, server, sandbox, on_server, tmp_path_factory
):
    root = tmp_path_factory.mktemp("clones")
    remote = root / "remote.git"
    git("init", "--quiet", "--bare", remote)
    cli.credential("SECRET_ONE", "canary-one-5e1f0c")
    cli.environment |= {"FBSYNC_STATE": "git", "GIT_CONFIG_GLOBAL": os.devnull}
    first = root / "first"
    git("clone", "--quiet", remote, first)
    home, cli.folder = cli.folder, first
    assert cli("state", "init").returncode == 0
    cli.folder = schedule(seed, cli, server, remote, root)
    # A run that was stopped may have had one request under way; a clean run sees what it did.
    done = cli("apply", "--yes", "--prune", "--max-deletes", "100%")
    assert done.returncode == 0, done.stdout + done.stderr
    state = json.loads(git("show", f"{REF}:state.json", cwd=remote).stdout)
    known = {entry["name"]: entry["id"] for entry in json.loads(state["lockfile"])["llms"]}
    assert (state["lease"], state["journal"]) == (None, [])
    assert known == {name: row["id"] for name, row in on_server().items()}
    declared = re.findall(r"name: (\w+)", (cli.folder / "fbsync.yaml").read_text())
    assert sorted(known) == sorted(declared)
    assert cli("plan", "--refresh", "--detailed-exitcode").returncode == 0
    cli.folder = home
    shutil.rmtree(root)
