"""Help: every command has examples, and the generated pages are current."""

import re
import runpy
import shutil
import subprocess

import pytest
from cli_world import ROOT

FOLDER = ROOT / "docs" / "commands"
MAKE = runpy.run_path(str(FOLDER / "make.py"))
COMMANDS = {path: text for path, _, text in MAKE["commands"](MAKE["fbsync"], "fbsync")}


def test_the_pages_are_those_of_today():
    made = {path.name: path.read_text(encoding="utf-8") for path in FOLDER.glob("*.md")}
    assert made == MAKE["pages"](), "run: python docs/commands/make.py"


MANUAL = ROOT / "docs" / "man"
MANUAL_PAGES = MAKE["manual"].pages(MAKE["fbsync"])


def test_the_manual_pages_are_those_of_today():
    assert {path.name: path.read_text(encoding="utf-8") for path in MANUAL.iterdir()} == MANUAL_PAGES
    assert {name.removesuffix(".1").replace("-", " ") for name in MANUAL_PAGES} == set(COMMANDS)


@pytest.mark.skipif(shutil.which("groff") is None, reason="groff is not installed")
@pytest.mark.parametrize("name", MANUAL_PAGES)
def test_a_manual_page_reads_as_the_help_does(name):
    command = ["groff", "-man", "-Tutf8", "-ww", "-rLL=100n", "-P-cbou", MANUAL / name]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert done.stderr == ""
    words = " ".join(done.stdout.replace("\u2010", "-").split())
    for option in re.findall(r"^  (--?[a-z-]+)", COMMANDS[name.removesuffix(".1").replace("-", " ")], re.MULTILINE):
        assert option in words


def test_the_wheel_has_the_manual_pages():
    import tomllib

    data = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["hatch"]["build"]["targets"]["wheel"]
    assert data["shared-data"] == {"docs/man": "share/man/man1"}


@pytest.mark.parametrize("words", [["apply"], ["state", "list"], ["state"], []])
def test_help_as_a_command_is_that_of_the_option(cli, words):
    done = cli("help", *words)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == cli(*words, "--help").stdout


MISTAKES = [
    (["pln"], 'no such command "pln"; did you mean `fbsync plan`?', "fix: see `fbsync"),
    (["aply", "--yes"], 'no such command "aply"; did you mean `fbsync apply`?', "fix: see `fbsync"),
    (["diff"], 'no such command "diff"; did you mean `fbsync plan`?', "fix: see `fbsync"),
    (["import"], 'no such command "import"; did you mean `fbsync export`?', "fix: see `fbsync"),
    (["state", "forgt", "x"], 'no such command "forgt"; did you mean `fbsync state forget`?', "fix: see `fbsync"),
    (["status"], 'no such command "status"; did you mean `fbsync drift`?', "fix: see `fbsync"),
    (["login"], 'no such command "login"; did you mean `fbsync doctor`?', "fix: see `fbsync"),
    (["state", "rm", "x"], 'no such command "rm"; did you mean `fbsync state forget`?', "fix: see `fbsync"),
    (["help", "vrify"], 'no such command "vrify"; did you mean `fbsync verify`?', "fix: see `fbsync"),
    (["help", "apply", "more"], "`fbsync apply` has no commands of its own", "see `fbsync apply --help`"),
    (["apply", "--auto-approve"], "no such option", "use --yes"),
    (["apply", "-y"], "no such option", "use --yes"),
    (["plan", "-y"], "no such option", "this command asks nothing: leave it out"),
    (["apply", "--token", "made-up"], "no such option", "set FLASHBACK_TOKEN"),
    (["apply", "--token=made-up"], "no such option", "set FLASHBACK_TOKEN"),
    (["apply", "--dry-run"], "no such option", "`fbsync plan` shows what apply would do"),
    (["plan", "--target", "One"], "no such option --target", "use --only with an entry's name"),
    (["plan", "-target=One"], "no such option -target\n", "use --only with an entry's name"),
    (["apply", "-auto-approve"], "no such option -auto-approve\n", "use --yes"),
    (["apply", "-no-color"], "no such option -no-color\n", "set NO_COLOR=1"),
    (["plan", "-var", "a=made-up"], "no such option -var\n", "set the variable in the environment, in .env"),
    (["apply", "--var", "a=made-up"], "no such option --var\n", "set the variable in the environment, in .env"),
    (["plan", "--var-file", "x"], "no such option --var-file\n", "set the variable in the environment, in .env"),
    (["destroy", "--force"], "no such option --force\n", "use --yes"),
    (["apply", "-pmade-up"], "no such option -p\n", "see `fbsync apply --help`"),
    (["plan", "--environmnt", "x"], "did you mean --environment", "see `fbsync plan --help`"),
]


@pytest.mark.parametrize(
    ("words", "message", "hint"), MISTAKES, ids=lambda value: " ".join(value) if isinstance(value, list) else ""
)
def test_a_mistake_is_told_with_what_it_is_called_here(cli, words, message, hint):
    done = cli(*words)
    assert (done.returncode, done.stdout) == (64, "")
    assert message in done.stderr
    assert hint in done.stderr
    assert "made-up" not in done.stderr


def test_a_token_that_was_typed_as_a_command_is_not_repeated(cli):
    done = cli("eyJhbGciOiJIUzI1NiJ9.e30.made-up-canary-4711")
    assert done.returncode == 64
    assert "canary" not in done.stderr
    assert "error: no such command\n" in done.stderr


GROUPS = ("fbsync", "fbsync state", "fbsync keys", "fbsync sandbox")


@pytest.mark.parametrize("path", [path for path in COMMANDS if path not in GROUPS])
def test_every_command_has_an_example(path):
    usage, _, rest = COMMANDS[path].partition("\n")
    assert usage.startswith(f"Usage: {path}")
    assert f"\n  {path}" in rest
