"""Completion, by the shells themselves: options, environments and names, from files and never from the server."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from conftest import MANIFEST

ENVIRONMENTS = "environments:\n  staging: {llms: {One: null}}\n  eu-prod: {workspaceId: ws}\n"


@pytest.fixture
def folder(project):
    project.write("fbsync.yaml", MANIFEST.replace("name: One", "name: Production OpenAI") + ENVIRONMENTS)
    assert project("apply").returncode == 0
    project.write("fbsync.yaml", MANIFEST.replace("name: One", "name: Production OpenAI") + ENVIRONMENTS)
    return project


@pytest.fixture
def shell(folder, server):
    """Runs a script in a shell with fbsync on its path."""

    def run(name, script):
        if shutil.which(name) is None:
            pytest.skip(f"{name} is not installed (Debian: apt-get install {name})")
        bin_folder = Path(sys.executable).parent
        environment = folder.environment | {"PATH": f"{bin_folder}:{os.environ['PATH']}"}
        requests = len(server.requests)
        command = [name, "-c", script]
        done = subprocess.run(command, cwd=folder.folder, env=environment, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        assert done.stderr == ""
        assert len(server.requests) == requests
        return done.stdout.splitlines()

    return run


BASH = """
source <(fbsync completion bash)
complete -p fbsync >/dev/null
COMP_WORDS=({words}); COMP_CWORD={at}; _fbsync_completion fbsync
printf '%s\\n' "${{COMPREPLY[@]}}"
"""


def in_bash(shell, *words):
    quoted = " ".join(f"'{word}'" for word in ("fbsync", *words))
    return [line for line in shell("bash", BASH.format(words=quoted, at=len(words))) if line]


CASES = [
    (("pl",), ["plan"]),
    (("plan", "--ref"), ["--refresh"]),
    (("plan", "-e", ""), ["eu-prod", "staging"]),
    (("apply", "-e", "st"), ["staging"]),
    (("plan", "--format", "m"), ["markdown"]),
    (("state", "sh"), ["show"]),
    (("plan", "--only", "T"), ["Two"]),
    (("state", "show", "T"), ["Two"]),
]


@pytest.mark.parametrize(("words", "completed"), CASES, ids=" ".join)
def test_bash(shell, words, completed):
    assert sorted(in_bash(shell, *words)) == completed


def test_bash_gets_a_name_with_blanks_as_one_word(shell):
    assert in_bash(shell, "plan", "--only", "Prod") == ["Production\\ OpenAI"]
    assert in_bash(shell, "state", "forget", "Prod") == ["Production\\ OpenAI"]


@pytest.mark.parametrize(("words", "completed"), CASES, ids=" ".join)
def test_fish(shell, words, completed):
    line = " ".join(["fbsync", *(word or "''" for word in words)]) if words[-1] else " ".join(["fbsync", *words])
    shown = shell("fish", f"fbsync completion fish | source; complete -C '{line}'")
    assert sorted(line.split("\t")[0] for line in shown) == completed


def test_fish_gets_a_name_with_blanks(shell):
    shown = shell("fish", "fbsync completion fish | source; complete -C 'fbsync plan --only Prod'")
    assert [line.split("\t")[0].replace("\\ ", " ") for line in shown] == ["Production OpenAI"]


def test_zsh_takes_the_script(shell):
    script = "autoload -Uz compinit; compinit -u -d .zcompdump; source <(fbsync completion zsh); print $_comps[fbsync]"
    assert shell("zsh", script) == ["_fbsync_completion"]
    asked = 'COMP_WORDS="fbsync plan --only Prod" COMP_CWORD=3 _FBSYNC_COMPLETE=zsh_complete fbsync'
    assert shell("zsh", asked) == ["plain", "Production OpenAI", "_"]


@pytest.mark.parametrize("text", ["llms: [", "version: 1\nllms: 7\n", "\x00"])
def test_a_broken_manifest_completes_to_nothing(shell, folder, text):
    folder.write("fbsync.yaml", text)
    assert in_bash(shell, "plan", "-e", "") == []
    folder.write("fbsync.lock", "<<<<<<<\n")
    assert in_bash(shell, "plan", "--only", "") == []
