"""Words that the glossary retires do not come back: not in messages, help texts, pages, docstrings or comments."""

import ast
import io
import re
import tokenize

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
    "told of": r"\b(tell|tells|told|telling) of\b",
    "told apart": r"\b(tell|tells|told|telling) (it|them|\w+s) ?apart\b|\b(tell|tells|told) apart\b",
    "cannot be told": r"\bcannot be told\b",
    "behind, for a place": r"\b(stand|stands|stood|right|put|written) behind\b",
    "made up": r"\b(make|makes|made) up\b",
    "goes by": r"\b(go|goes) by the\b",
    "plainly no": r"\bplainly (no|none)\b",
    "may well": r"\bmay well\b",
    "become of": r"\b(become|becomes|became|come|comes|came) of\b",
    "cannot be had": r"\bcannot be had\b",
    "time-out": r"\btime-outs?\b",
    "the list itself": r"\b(list itself|manifest's own list)\b",
}
"""Words that neither the code nor the pages may use."""
UNSAID = {
    "is no": r"(?<!there )\b(is|are) no (?!longer|more)\w+",
    "blank": r"(?<!-)\bblanks\b|\ba blank\b",
    "stands": r"\b(stand|stands) (here|there|in|for the)\b",
    "takes none": r"\btakes none\b",
    "it is called … here": r"\bit is called\b",
    "file of variables": r"\bfiles? of variables\b",
    "is none of": r"\bis none of\b",
    "know nothing of": r"\b(know|knows) (nothing )?of\b",
    "if you mean it": r"\bif you mean it\b",
    "beside": r"\bbeside\b",
    "likewise": r"\blikewise\b",
    "in the place of": r"\bin the place of\b",
    "mounted by itself": r"\bmount(s|ed) by itself\b",
    "what is no": r"\bwhat is no\b",
}
"""Words that comments may use, but neither messages nor pages."""
IN_CODE = {word: re.compile(pattern, re.IGNORECASE) for word, pattern in RETIRED.items()}
SAID = {word: re.compile(pattern, re.IGNORECASE) for word, pattern in (RETIRED | UNSAID).items()}


def is_a_command(function):
    return any(re.search(r"command|group", ast.unparse(decorator)) for decorator in function.decorator_list)


def strings_of(source):
    """The texts of a module that users may see: its strings and the help of its commands, but no other docstrings."""
    tree = ast.parse(source)
    documentation = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Module | ast.ClassDef):
            documentation |= {inner.value for inner in node.body if isinstance(inner, ast.Expr)}
        elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and not is_a_command(node):
            documentation |= {inner.value for inner in node.body[:1] if isinstance(inner, ast.Expr)}
    constants = [node for node in ast.walk(tree) if isinstance(node, ast.Constant) and node not in documentation]
    return [node.value for node in constants if isinstance(node.value, str)]


def in_the_code():
    for path in sorted((ROOT / "fbsync").rglob("*.py")):
        yield from strings_of(path.read_text())
    for path in sorted((ROOT / "schemas").glob("*.json")):
        yield path.read_text()


def about_the_code():
    """The docstrings and comments of the modules, the tests and the benchmarks."""
    for folder in ("fbsync", "tests", "benchmarks"):
        for path in sorted((ROOT / folder).rglob("*.py")):
            yield from documentation_of(path.read_text())


def documentation_of(source):
    holders = ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, holders):
            constants = (inner.value for inner in node.body if isinstance(inner, ast.Expr))
            yield from (one.value for one in constants if isinstance(one, ast.Constant) and isinstance(one.value, str))
    tokens = tokenize.generate_tokens(io.StringIO(source).readline)
    yield from (token.string for token in tokens if token.type == tokenize.COMMENT)


def on_the_pages():
    """The pages that people wrote, without the glossary, the output of commands, and what comes from schemas."""
    generated = {"glossary", "findings", "manifest", "lockfile", "journal", "plan", "result", "state"}
    for path in PAGES:
        if path.stem not in generated and path.parent.name not in ("commands", "session"):
            yield re.sub(r"^```.*?^```$", "", path.read_text(), flags=re.MULTILINE | re.DOTALL)


def counted(texts, patterns):
    """The words that occur, each with the texts that have it."""
    found = {}
    for text in texts:
        for word, pattern in patterns.items():
            if pattern.search(text):
                found.setdefault(word, []).append(text)
    return found


def test_retired_words_do_not_come_back_in_messages():
    assert counted(in_the_code(), SAID) == {}


def test_retired_words_do_not_come_back_in_docstrings_and_comments():
    assert counted(about_the_code(), IN_CODE) == {}


def test_retired_words_do_not_come_back_on_the_pages():
    assert counted(on_the_pages(), SAID) == {}


@pytest.mark.parametrize(
    ("text", "word"),
    [("It did not come about.", "come about"), ("37 as known", "as known"), ("it is no URL", "is no")],
)
def test_a_retired_word_is_seen(text, word):
    assert list(counted([text], SAID)) == [word]


def test_help_is_looked_at_with_the_messages_and_other_docstrings_are_not():
    source = '"""anew"""\nclass A:\n    """anew"""\n\n@command\ndef f():\n    """amiss"""\n\ndef g():\n    """anew"""\n'
    assert strings_of(source) == ["amiss"]


def test_docstrings_and_comments_are_looked_at():
    assert list(documentation_of('"""a"""\ndef f():\n    """b"""\n    # c\n')) == ["a", "b", "# c"]


def test_every_retired_word_is_in_the_glossary():
    retired = (ROOT / "docs" / "glossary.md").read_text().partition("## Retired words")[2]
    assert [word for word, pattern in SAID.items() if not pattern.search(retired)] == []
