"""One name has one meaning: no two modules define a public function or class of the same name."""

import ast
from collections import defaultdict
from pathlib import Path

import fbsync

_NAMED = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef
ROOT = Path(fbsync.__file__).parent
ELSEWHERE = ("cli", "sandbox")
"""A command may have the name of the function that does its work, and a route of the sandbox that of the API's call."""
ONE_MEANING = {"apply"}
"""The library's ``apply`` may have the name of the one in ``execution``."""


def test_no_public_name_stands_for_two_things():
    homes = defaultdict(list)
    for path in sorted(ROOT.rglob("*.py")):
        module = path.relative_to(ROOT)
        if module.parts[0] in ELSEWHERE:
            continue
        for node in ast.parse(path.read_text(encoding="utf-8")).body:
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef) and not node.name.startswith(
                "_"
            ):
                homes[node.name].append(str(module))
    assert len(homes) > 500
    assert {name: found for name, found in homes.items() if len(found) > 1 and name not in ONE_MEANING} == {}


def test_modules_are_called_by_what_they_are_for():
    says_nothing = {"utils", "helpers", "manager", "base", "common", "misc"}
    assert [path for path in ROOT.rglob("*.py") if path.stem in says_nothing] == []
