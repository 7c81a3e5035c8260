"""Hostile inputs: each gets its finding, in a process with limited memory."""

from __future__ import annotations

import subprocess
import sys
import tracemalloc

import pytest
from selection import few_of

from fbsync.model.findings import MOST_FINDINGS
from fbsync.strict_yaml.loader import parse_document
from fbsync.strict_yaml.rejections import DEEPEST, MOST_NODES

ENTRY = """\
  - name: Entry {0}
    aiType: AWS
    endpoint: https://bedrock-runtime.${{AWS_REGION}}.amazonaws.com
    key: $AWS_ACCESS_KEY_ID
    secret: $AWS_SECRET_ACCESS_KEY
    workspaceId: ws-research
    previousName: Before {0}
"""

BOMB = "a: &a [x,x,x,x,x,x,x,x,x]\n" + "".join(
    f"{name}: &{name} [{','.join(['*' + above] * 9)}]\n" for above, name in zip("abcdefgh", "bcdefghi", strict=True)
)

HOSTILE = {
    "open brackets": ("[" * 100_000, "nesting-too-deep"),
    "open braces": ("{" * 100_000, "nesting-too-deep"),
    "open brackets on lines": ("[\n" * 100_000, "nesting-too-deep"),
    "closed brackets": ("[" * 100_000 + "]" * 100_000, "nesting-too-deep"),
    "brackets as keys": ("{a: " * 100_000, "nesting-too-deep"),
    "dashes": ("- " * 100_000, "nesting-too-deep"),
    "question marks": ("? " * 100_000, "nesting-too-deep"),
    "stairs": ("".join(f"{' ' * depth}a:\n" for depth in range(1_000)), "nesting-too-deep"),
    "alias bomb": (BOMB, "too-many-aliases"),
    "aliases of a long list": (
        f"a: &a [{'x,' * 1000}]\n" + "".join(f"b{n}: *a\n" for n in range(1000)),
        "too-many-aliases",
    ),
    "alias of itself": ("&a [" + "*a, " * 1000 + "]", "recursive-alias"),
    "duplicates": ("a: 1\n" * 20_000, "duplicate-key"),
    "tag directives": ("".join(f"%TAG !a{n}! x\n" for n in range(100_000)), "directive-not-taken"),
    "tag directives behind": (
        "a\n...\n...\n" + "".join(f"%TAG !a{n}! x\n" for n in range(100_000)),
        "several-documents",
    ),
    "conflict markers": ("<<<<<<< a\n" * 100_000, "conflict-marker"),
    "an open quote": ('a: "' + "x\n" * 300_000, "yaml-syntax"),
    "empty lines": ("\n" * 300_000, "empty-file"),
    "commas": ("," * 1_000_000, "yaml-syntax"),
    "digits": ("a: " + "1" * 5_000_000, "number-too-long"),
    "digits behind a point": ("a: ." + "1" * 5_000_000, "number-too-long"),
    "a long key": ("a" * 5_000_000 + ": x", "yaml-syntax"),
    "documents": ("---\n" * 300_000, "several-documents"),
    "control characters": ("\x01" * 1_000_000, "control-character"),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_inputs(name):
    text, rule = HOSTILE[name]
    data = text.encode()
    tracemalloc.start()
    document = parse_document(data, file="m.yaml")
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert rule in {finding.rule for finding in document.findings}
    assert len(document.findings) <= MOST_FINDINGS + 1
    assert peak < 4_000_000 + 60 * len(data)


def test_a_manifest_costs_a_small_multiple_of_its_size():
    data = ("version: 1\nllms:\n" + "".join(ENTRY.format(number) for number in range(2_000))).encode()
    tracemalloc.start()
    document = parse_document(data, file="m.yaml")
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert document.findings == ()
    assert len(document.value["llms"]) == 2_000
    assert peak < 10 * len(data)


def test_100_000_brackets_in_little_memory_and_a_small_stack():
    code = """
import resource
from fbsync.strict_yaml.loader import parse_document
resource.setrlimit(resource.RLIMIT_AS, (300_000_000, 300_000_000))
resource.setrlimit(resource.RLIMIT_STACK, (1_000_000, 1_000_000))
for opening in "[", "{", "- ", "? ", "[a, ", "{a: ", "[\\n", "&a [":
    print(parse_document(opening.encode() * 100_000, file="m.yaml").findings[-1].rule)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["nesting-too-deep"] * 8


@pytest.mark.parametrize("item", few_of(["a,", "{},"], "a,"))
def test_more_values_than_are_taken_in_bounded_memory(item):
    code = f"""
import resource
from fbsync.strict_yaml.loader import parse_document
resource.setrlimit(resource.RLIMIT_AS, (500_000_000, 500_000_000))
print(parse_document(b"[" + {item!r}.encode() * {MOST_NODES + 1}, file="m.yaml").findings[-1].rule)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["too-many-nodes"]


def test_the_deepest_that_is_taken():
    assert parse_document(b"[" * DEEPEST + b"]" * DEEPEST, file="m.yaml").findings == ()
    assert parse_document(b"[" * (DEEPEST + 1) + b"]" * (DEEPEST + 1), file="m.yaml").findings != ()


def test_aliases_within_bounds_are_taken():
    document = parse_document(b"a: &a [1, 2]\nb: [" + b"*a, " * 1_000 + b"]\n", file="m.yaml")
    assert document.findings == ()
    assert document.value["b"] == [[1, 2]] * 1_000


def test_too_many_findings_end_with_one_that_says_so():
    findings = parse_document(b"a: !t x\n" * 5_000, file="m.yaml").findings
    assert len(findings) == MOST_FINDINGS + 1
    assert findings[-1].rule == "too-many-findings"
