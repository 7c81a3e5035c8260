"""Every shell block of the documentation runs, or says why not, and prints what its page shows."""

import re

import pytest
from page_blocks import PAGES, ROOT, SHELLS, blocks_of, renewed
from selection import few_of

SHOWN = [page for page in PAGES if any(block.language in SHELLS for block in blocks_of(page.read_text()))]
RUN = [page for page in SHOWN if any(block.runs for block in blocks_of(page.read_text()))]
QUICK = [ROOT / "README.md", ROOT / "docs" / "getting-started.md"]
CHANGES = re.compile(r"[0-9a-f]{8}-[0-9a-f-]{27}|\d+(\.\d+)? (seconds|ms)")


def name(page):
    return str(page.relative_to(ROOT))


def steady(text):
    """The text without what differs from run to run, sorted, since concurrent requests return in any order."""
    return sorted(CHANGES.sub("…", text).splitlines())


@pytest.mark.parametrize("page", few_of(RUN, *QUICK), ids=name)
def test_a_page_shows_what_its_commands_print(page):
    text = page.read_text()
    assert steady(renewed(text)) == steady(text), "run: sh docs/renew.sh"


@pytest.mark.parametrize("page", SHOWN, ids=name)
def test_a_block_that_is_not_run_says_why(page):
    for block in blocks_of(page.read_text()):
        assert "not run" not in block.notes or len(block.notes["not run"].split()) > 1


@pytest.mark.thorough
def test_a_command_that_fails_is_noticed():
    page = "```sh\nfalse\ntrue\n```\n"
    with pytest.raises(SystemExit, match="exit 0 in place of 0"):
        renewed(page)
    assert renewed("<!-- ends with 3 -->\n" + page.replace("true", "(exit 3)")).startswith("<!-- ends with 3 -->")
    with pytest.raises(SystemExit, match="exit 0 in place of 3"):
        renewed("<!-- ends with 3 -->\n```sh\ntrue\n```\n")


def test_what_a_console_shows_is_renewed():
    page = "<!-- file: a.txt -->\n```yaml\nb\n```\n\n```console\n$ cat a.txt\nold\n$ echo $HOME\n```\n"
    assert renewed(page).endswith("```console\n$ cat a.txt\nb\n$ echo $HOME\n/home/you\n```\n")


def test_a_shell_that_stops_is_noticed():
    with pytest.raises(SystemExit, match="stopped early"):
        renewed("```sh\nexit 0\n```\n```sh\ntrue\n```\n")
