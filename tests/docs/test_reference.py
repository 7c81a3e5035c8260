"""The reference matches the code: generated pages, environment variables, exit codes, options and links."""

import ast
import importlib.util
import re
from pathlib import Path

import click
import pytest
from page_blocks import PAGES, ROOT, SHELLS, blocks_of

from fbsync.cli import fbsync
from fbsync.model.errors import ExitCode
from fbsync.render.findings_rules import _ABOUT
from fbsync.schema.validate import Kind

DOCS = ROOT / "docs"
REFERENCE = DOCS / "reference"
VARIABLE = re.compile(r"\b_?(?:FBSYNC|FLASHBACK)_[A-Z][A-Z_]*\b")
LINK = re.compile(r"(?<!\!)\[[^\]]*\]\(([^)\s]+)\)")


def maker(folder):
    spec = importlib.util.spec_from_file_location("make", folder / "make.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize("folder", ["commands", "reference"])
def test_generated_pages_are_current(folder):
    for name, text in maker(DOCS / folder).pages().items():
        assert (DOCS / folder / name).read_text() == text, "run: sh docs/renew.sh"


def test_every_format_has_a_page():
    assert {kind.value for kind in Kind} <= set(maker(REFERENCE).FORMATS)


def test_every_rule_has_an_example():
    sections = (REFERENCE / "findings.md").read_text().split("\n## ")[1:]
    examples = {section.partition("\n")[0]: "```text" in section for section in sections}
    assert set(examples) == set(_ABOUT)
    assert [rule for rule, shown in examples.items() if not shown] == []


def test_an_example_that_somebody_wrote_has_the_words_of_the_code():
    texts = "".join(path.read_text() for path in (ROOT / "fbsync").rglob("*.py"))
    for rule, (_, said, remedy) in maker(REFERENCE).WRITTEN.items():
        said_words = re.sub(r"^\w+: |\"[^\"]*\"|\$\w+|\d[\d,]*", "\n", said).split("\n")
        for part in (*said_words, *re.split(r"\"[^\"]*\"", remedy)):
            triples = zip(*(part.split()[start:] for start in range(3)), strict=False)
            assert not part.split()[2:] or any(" ".join(words) in texts for words in triples), (rule, part)


def test_every_rule_of_the_code_is_listed():
    texts = [path.read_text() for path in (ROOT / "fbsync").rglob("*.py")]
    used = {rule for text in texts for rule in re.findall(r'(?:rule=|finding\(\w+, )"([a-z-]+)"', text)}
    assert used <= set(_ABOUT)


def test_every_environment_variable_is_in_the_table():
    page = (REFERENCE / "environment-variables.md").read_text()
    listed = {
        name for line in page.splitlines() if line.startswith("| `") for name in VARIABLE.findall(line.split("|")[1])
    }
    folders = [ROOT / "fbsync", ROOT / "examples", ROOT / "action.yml"]
    files = [path for folder in folders for path in (folder.rglob("*") if folder.is_dir() else [folder])]
    used = {
        name
        for path in files
        if path.is_file() and path.suffix in {".py", ".yml", ".yaml", ".sh", ".md"}
        for name in VARIABLE.findall(path.read_text())
    }
    assert used == listed


def test_other_variables_that_are_read_are_in_the_table():
    page = (REFERENCE / "environment-variables.md").read_text()
    reads = re.compile(r'(?:(?:environ\w*|variables|values)(?:\.(?:get|text|secret|source))?[(\[])"([A-Z][A-Z_]+)"')
    used = {name for path in (ROOT / "fbsync").rglob("*.py") for name in reads.findall(path.read_text())}
    assert {"NO_COLOR", "HOME", "AWS_PROFILE"} <= used
    assert {name for name in used if f"`{name}`" not in page} == set()


NOT_READ = {
    *("CLOCK_BOOTTIME", "GOOGLE_AUTH", "INVALID_PASSWORD", "INVALID_REFRESH_TOKEN", "MAGIC_LINK", "NO_PASSWORD_SET"),
    *("USER_INACTIVE", "USER_NOT_FOUND"),
}
"""Constants that look like variable names but are not: a clock, and words of the API."""
SET_FOR_GIT = re.compile(r"GIT_(?!SSH)\w+|LC_ALL|LANGUAGE")
"""Variables that fbsync itself sets or clears for the git that it starts."""


def test_no_other_name_of_a_variable_is_in_the_code():
    page = (REFERENCE / "environment-variables.md").read_text()
    trees = (ast.parse(path.read_text()) for path in (ROOT / "fbsync").rglob("*.py"))
    texts = {node.value for tree in trees for node in ast.walk(tree) if isinstance(node, ast.Constant)}
    names = {text for text in texts if isinstance(text, str) and re.fullmatch(r"_?[A-Z]+(_[A-Z]+)+", text)}
    endings = {name for name in names if name.startswith("_") and f"{name}`" in page}
    unlisted = {name for name in names - endings - NOT_READ if f"`{name}`" not in page}
    assert {name for name in unlisted if not SET_FOR_GIT.fullmatch(name)} == set()


def test_every_exit_code_is_in_the_table():
    rows = re.findall(r"^\| (\d+) \|", (REFERENCE / "exit-codes.md").read_text(), re.MULTILINE)
    assert sorted(map(int, rows)) == sorted(ExitCode)


def commands(command=fbsync, path=("fbsync",)):
    """Every command by its path, with its options."""
    found = {path: {option for parameter in command.params for option in (*parameter.opts, *parameter.secondary_opts)}}
    for name, inner in getattr(command, "commands", {}).items():
        found |= commands(inner, (*path, name))
    if isinstance(command, click.Group):
        context = click.Context(command)
        for name in command.list_commands(context):
            found |= commands(command.get_command(context, name), (*path, name))
    return found


COMMANDS = commands()
ALWAYS = {"-h", "--help", "--"}
WRITTEN = [page for page in PAGES if page.name != "design.md" and page.parent.name != "commands"]


def mentioned(text):
    """The fbsync commands that a page shows, in shell blocks and between backticks."""
    for block in blocks_of(text):
        if block.language in SHELLS:
            yield from re.findall(r"^(?:\$ )?(fbsync [^\n|>&;#]*)", block.text, re.MULTILINE)
    yield from re.findall(r"`(fbsync [^`\n]+)`", text)


@pytest.mark.parametrize("page", WRITTEN, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_command_and_option_exists(page):
    for call in mentioned(page.read_text()):
        words = call.partition(" -- ")[0].split()
        path = ("fbsync",)
        while len(words) > len(path) and (*path, words[len(path)].rstrip(",.:")) in COMMANDS:
            path = (*path, words[len(path)].rstrip(",.:"))
        options = {word.partition("=")[0] for word in words if re.fullmatch(r"--?[a-z][a-z-]*(=.*)?", word)}
        assert options <= COMMANDS[path] | ALWAYS, call
        assert len(path) > 1 or not re.fullmatch("[a-z]+", words[1]), call


@pytest.mark.parametrize("page", WRITTEN, ids=lambda page: str(page.relative_to(ROOT)))
def test_options_by_themselves_exist(page):
    known = {option for options in COMMANDS.values() for option in options} | ALWAYS
    for option in re.findall(r"`(--[a-z][a-z-]*)[^`]*`", page.read_text()):
        assert option in known, option


@pytest.mark.parametrize(
    "page", [*PAGES, *sorted((ROOT / "examples").rglob("*.md")), ROOT / "SECURITY.md"], ids=lambda page: str(page.name)
)
def test_links_lead_somewhere(page):
    for target in LINK.findall(page.read_text()):
        if not re.match(r"[a-z]+:", target):
            assert (page.parent / Path(target.partition("#")[0])).exists() or target.startswith("#"), target
