"""The architecture page is current: the files that it names exist, and it has a paragraph for each package."""

import re
from pathlib import Path

import fbsync

ROOT = Path(fbsync.__file__).parents[1]
PAGE = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")


def test_every_file_that_answers_a_question_exists():
    rows = re.findall(r"^\| (.+\?) \| (.+) \|$", PAGE, re.MULTILINE)
    assert len(rows) >= 12
    for question, answer in rows:
        files = re.findall(r"`([^`]+)`", answer)
        assert files, question
        assert [file for file in files if not (ROOT / file).is_file()] == [], question


def test_every_file_that_the_page_names_exists():
    named = set(re.findall(r"`((?:fbsync|tests|schemas|docs|examples)/[\w./-]+)`", PAGE))
    assert named
    assert [file for file in named if not (ROOT / file).exists()] == []


def test_every_package_has_a_paragraph_and_is_in_the_picture():
    folder = ROOT / "fbsync"
    packages = {path.parent.name for path in folder.glob("*/__init__.py")}
    assert {name for name in packages if f"**`{name}`**" not in PAGE} == set()
    picture = PAGE.partition("```text")[2].partition("```")[0]
    assert {name for name in packages if not re.search(rf"\b{name}\b", picture)} == set()


def test_the_pages_that_the_code_cites_are_there():
    """Code cites a section as (``page.md``, 'Section'), and a page by its file's name."""
    cited = set()
    for path in folder_texts():
        for page, section in re.findall(r"``(?:docs/)?([\w/-]+\.md)``(?:,\s*'([^']+)')?", path):
            cited.add((page, section))
    assert ("design.md", "The plan") in cited
    for page, section in cited:
        text = (ROOT / "docs" / page).read_text(encoding="utf-8")
        assert not section or re.search(rf"^(#+ |\*\*|\| ){re.escape(section)}", text, re.MULTILINE), (page, section)


def folder_texts():
    return [path.read_text(encoding="utf-8") for path in (ROOT / "fbsync").rglob("*.py")]


def test_no_two_files_of_tests_have_one_name():
    """In one process, pytest would take both for the same module."""
    names = [path.name for path in (ROOT / "tests").rglob("test_*.py")]
    assert sorted(names) == sorted(set(names))
