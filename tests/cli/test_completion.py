"""``completion``: the suggestions of bash, zsh and fish, with the printed scripts run in these shells."""

import shutil
import subprocess
import sys

import pytest
from selection import few_of, few_where

AWKWARD = """Prod, $x: "q" it's *"""
MANIFEST = """\
version: 1
workspaceId: ws-names
llms:
  - {name: Production OpenAI, aiType: OPENAI, endpoint: https://one.example.com, secret: $SECRET_ONE}
  - {name: "Prod, $x: \\"q\\" it's *", aiType: OPENAI, endpoint: https://two.example.com, secret: $SECRET_ONE}
  - {name: "a:b=c", aiType: OPENAI, endpoint: https://three.example.com, secret: $SECRET_ONE}
environments:
  staging: {workspaceId: ws-staging, llms: {Production OpenAI: null}}
  steady: {workspaceId: ws-steady}
"""
BASH = """
COMP_LINE=$LINE COMP_POINT=${#LINE}
_fbsync_completion fbsync
printf '%s\\n' "${COMPREPLY[@]}"
"""
ZSH = """
words=("${(z)LINE}") && [[ $LINE == *' ' ]] && words+=("")
CURRENT=$#words
_fbsync_completion
"""
ZSH_BEFORE = "compdef() { : }; compadd() { print -rl -- $plain }; _path_files() { print -l -- *(N) };"
FISH = "\ncomplete -C $LINE | string replace -r '\\t.*' ''\n"


@pytest.fixture
def named(cli):
    program = cli.write("bin/fbsync", f'#!/bin/sh\nexec {sys.executable} -m fbsync "$@"\n')
    program.chmod(0o755)
    cli.environment["PATH"] = f"{program.parent}:{cli.environment['PATH']}"
    cli.write("fbsync.yaml", MANIFEST)
    return cli


def offered(cli, shell, line):
    """The suggestions of a shell for the last word of a line, sorted."""
    if shutil.which(shell) is None:
        pytest.skip(f"{shell} is not installed")
    script = cli("completion", shell)
    assert script.returncode == 0
    begin, end = {"bash": ("", BASH), "zsh": (ZSH_BEFORE, ZSH), "fish": ("", FISH)}[shell]
    quiet = {"bash": ["--norc"], "zsh": ["-f"], "fish": ["--no-config"]}[shell]
    done = subprocess.run(
        [shell, *quiet, "-c", begin + script.stdout + end],
        cwd=cli.folder,
        env={**cli.environment, "LINE": line},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stderr == ""
    return sorted(line for line in done.stdout.splitlines() if line)


SHELLS = pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])


PLAIN = [
    ("fbsync pl", ["plan"]),
    ("fbsync state f", ["forget"]),
    ("fbsync plan --deta", ["--detailed-exitcode"]),
    ("fbsync plan -e st", ["staging", "steady"]),
    ("fbsync env --environment stead", ["steady"]),
    ("fbsync plan --format m", ["markdown"]),
    ("fbsync plan --only Nothing", []),
]
"""Lines and the suggested words. By default, bash runs all of them, and the other shells only a few."""


@pytest.mark.parametrize(
    ("shell", "line", "words"),
    few_where(
        [(shell, *case) for shell in ("bash", "zsh", "fish") for case in PLAIN],
        lambda case: case[0] == "bash" or case[1].startswith("fbsync plan -e"),
    ),
)
def test_plain_words(named, server, shell, line, words):
    assert offered(named, shell, line) == words
    assert server.requests == []


@SHELLS
def test_names_of_entries(named, shell):
    names = offered(named, shell, "fbsync plan --only ")
    quoted = [r"Prod,\ \$x\:\ \"q\"\ it\'s\ \*", r"Production\ OpenAI", r"a\:b\=c"]
    assert names == (quoted if shell == "bash" else sorted([AWKWARD, "Production OpenAI", "a:b=c"]))


@pytest.mark.parametrize(
    ("line", "words"),
    [
        (r"fbsync plan --only Production\ O", [r"Production\ OpenAI"]),
        ('fbsync plan --only "Production O', ["Production OpenAI"]),
        ('fbsync plan --only "Prod,', [r"""Prod, \$x: \"q\" it's *"""]),
        ("fbsync plan --only 'Prod,", [r"""Prod, $x: "q" it'\''s *"""]),
        ("fbsync plan --only=Production", [r"Production\ OpenAI"]),
        ("fbsync plan --only a:", [r"b\=c"]),
        ("fbsync plan --only=a:b=", ["c"]),
        (r"fbsync plan --only a\:b", [r"a\:b\=c"]),
    ],
)
def test_bash_replaces_what_follows_the_last_break(named, line, words):
    assert offered(named, "bash", line) == words


@pytest.mark.parametrize("shell", ["zsh", "fish"])
def test_a_value_after_an_equals_sign_keeps_its_option(named, shell):
    assert offered(named, shell, "fbsync plan --only=Production") == ["--only=Production OpenAI"]


@SHELLS
def test_files(named, shell):
    found = offered(named, shell, "fbsync validate fbs")
    # At a prompt, bash itself lists files if the word is empty.
    assert found == [] if shell == "bash" else "fbsync.yaml" in found


@SHELLS
def test_the_options_to_the_left_say_where(named, shell):
    named.write("other/fbsync.yaml", MANIFEST.replace("Production OpenAI", "Elsewhere"))
    assert offered(named, shell, "fbsync plan -f other --only Els") == ["Elsewhere"]
    assert offered(named, shell, "fbsync plan -e staging --only Production") == []


@SHELLS
def test_state_knows_what_the_lockfile_knows(project, named, shell):
    named.write("fbsync.yaml", MANIFEST.replace("ws-names", "$FLASHBACK_WORKSPACE_ID"))
    named.credential("SECRET_ONE", "canary-one-5e1f0c")
    assert named("apply").returncode == 0
    (named.folder / "fbsync.yaml").unlink()
    for line in ("fbsync state show ", "fbsync state forget ", "fbsync plan --only "):
        assert len(offered(named, shell, line)) == 3


@pytest.mark.parametrize("state", ["git", "s3://a-bucket/x"])
def test_a_store_is_not_asked_for_names(named, state):
    named.write("fbsync.yaml", f"state: {state}\n{MANIFEST}")
    assert offered(named, "bash", "fbsync state show Production") == [r"Production\ OpenAI"]


@SHELLS
@pytest.mark.parametrize("text", few_of(["llms: [", "version: 1\nllms: 7\n", "\0", "<<<<<<< a\n"], "llms: ["))
def test_a_broken_manifest_offers_nothing_and_says_nothing(named, shell, text):
    named.write("fbsync.yaml", text)
    named.write("fbsync.lock", text)
    for line in ("fbsync plan --only ", "fbsync plan -e ", "fbsync state show "):
        assert offered(named, shell, line) == []


def test_a_shell_that_it_does_not_know(cli):
    done = cli("completion", "tcsh")
    assert (done.returncode, done.stdout) == (64, "")


def test_zsh_takes_the_script_at_its_start(named):
    """The script works if the shell's start-up file reads it, and if zsh finds it in a folder of $fpath."""
    if shutil.which("zsh") is None:
        pytest.skip("zsh is not installed")
    begin = "autoload -Uz compinit; fpath=($PWD/functions $fpath); compinit -u -d .zcompdump; "
    named.write("functions/_fbsync", named("completion", "zsh").stdout)
    for script in (begin, begin + "source <(fbsync completion zsh); "):
        done = subprocess.run(
            ["zsh", "-f", "-c", script + "print $_comps[fbsync]"],
            cwd=named.folder,
            env=named.environment,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.stdout.strip() in ("_fbsync", "_fbsync_completion"), done.stderr
