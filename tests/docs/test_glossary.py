"""Words that the glossary retires do not come back: not in messages, help texts or pages.

``LEFT`` counts what is left from earlier texts, in the code and the schemas. It may only shrink.
"""

import ast
import re
from collections import Counter

import pytest
from page_blocks import PAGES, ROOT

RETIRED = {
    "come about": r"\b(come|comes|came|coming) about\b",
    "mend": r"\bmend(s|ed|ing)?\b",
    "anew": r"\banew\b",
    "amiss": r"\bamiss\b",
    "the deed": r"\bthe deed\b",
    "someone can answer": r"\b(someone|somebody) can answer\b",
    "as known": r"\bas (it is )?known\b",
    "beside that": r"\bbeside that\b",
    "is well": r"\b(is|are) well\b[^-]",
    "of which nothing is known": r"\bof (which|them) nothing is known\b",
}
PATTERNS = {word: re.compile(pattern, re.IGNORECASE) for word, pattern in RETIRED.items()}


def strings_of(source):
    """The texts of a module that a user may read: its strings and its commands' help, but no other docstrings."""
    tree = ast.parse(source)
    documentation = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Module | ast.ClassDef):
            documentation |= {inner.value for inner in node.body if isinstance(inner, ast.Expr)}
        elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and not node.decorator_list:
            documentation |= {inner.value for inner in node.body[:1] if isinstance(inner, ast.Expr)}
    constants = [node for node in ast.walk(tree) if isinstance(node, ast.Constant) and node not in documentation]
    return [node.value for node in constants if isinstance(node.value, str)]


def in_the_code():
    for path in sorted((ROOT / "fbsync").rglob("*.py")):
        yield from strings_of(path.read_text())
    for path in sorted((ROOT / "schemas").glob("*.json")):
        yield path.read_text()


def on_the_pages():
    """What people wrote: not the glossary itself, and not what commands print or schemas say."""
    generated = {"glossary", "findings", "manifest", "lockfile", "journal", "plan", "result", "state"}
    for path in PAGES:
        if path.stem not in generated and path.parent.name not in ("commands", "session"):
            yield re.sub(r"^```.*?^```$", "", path.read_text(), flags=re.MULTILINE | re.DOTALL)


def counted(texts):
    return Counter(word for text in texts for word, pattern in PATTERNS.items() for _ in pattern.findall(text))


LEFT: dict[str, int] = {}


def test_retired_words_do_not_come_back_in_the_code():
    assert {word: number for word, number in counted(in_the_code()).items() if number > LEFT.get(word, 0)} == {}


def test_retired_words_do_not_come_back_on_the_pages():
    assert counted(on_the_pages()) == {}


@pytest.mark.parametrize(("text", "word"), [("It did not come about.", "come about"), ("37 as known", "as known")])
def test_a_retired_word_is_seen(text, word):
    assert list(counted([text])) == [word]


def test_help_is_looked_at_and_other_docstrings_are_not():
    source = '"""anew"""\nclass A:\n    """anew"""\n\n@command\ndef f():\n    """amiss"""\n\ndef g():\n    """anew"""\n'
    assert strings_of(source) == ["amiss"]


def test_every_retired_word_is_in_the_glossary():
    retired = (ROOT / "docs" / "glossary.md").read_text().partition("## Retired words")[2]
    assert [word for word, pattern in PATTERNS.items() if not pattern.search(retired)] == []
