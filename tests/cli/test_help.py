"""Help: every command has examples, and the pages made of it are those of today."""

import runpy

import pytest
from cli_world import ROOT

FOLDER = ROOT / "docs" / "commands"
MAKE = runpy.run_path(str(FOLDER / "make.py"))
COMMANDS = {path: text for path, _, text in MAKE["commands"](MAKE["fbsync"], "fbsync")}


def test_the_pages_are_those_of_today():
    made = {path.name: path.read_text(encoding="utf-8") for path in FOLDER.glob("*.md")}
    assert made == MAKE["pages"](), "run: python docs/commands/make.py"


GROUPS = ("fbsync", "fbsync state", "fbsync sandbox")


@pytest.mark.parametrize("path", [path for path in COMMANDS if path not in GROUPS])
def test_every_command_has_an_example(path):
    usage, _, rest = COMMANDS[path].partition("\n")
    assert usage.startswith(f"Usage: {path}")
    assert f"\n  {path}" in rest
