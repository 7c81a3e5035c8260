"""check-jsonschema and fbsync agree on the schema: both refuse the same manifests."""

import json
import subprocess
import sys

import pytest
from golden import CASES, ROOT, cases

from fbsync.schema.validate import Kind, validate
from fbsync.strict_yaml.loader import read_document

pytest.importorskip("check_jsonschema")

SCHEMA = ROOT / "schemas" / "fbsync.schema.json"
EXAMPLES = sorted((ROOT / "examples").rglob("*.yaml"))
MANIFESTS = [path for case in cases() if not case.id.startswith("bad/yaml") for path in case.manifests]


@pytest.fixture(scope="module")
def refused():
    """The manifests that check-jsonschema refuses, all checked in one run."""
    command = [sys.executable, "-m", "check_jsonschema", "--schemafile", SCHEMA, "--output-format", "json"]
    done = subprocess.run([*command, *EXAMPLES, *MANIFESTS], capture_output=True, text=True, check=False)
    report = json.loads(done.stdout)
    assert report["status"] == "fail"
    return {error["filename"] for error in (*report["errors"], *report["parse_errors"])}


def test_the_schema_is_a_schema():
    command = [sys.executable, "-m", "check_jsonschema", "--check-metaschema", SCHEMA]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.parent.name)
def test_examples_fit(refused, path):
    assert str(path) not in refused


@pytest.mark.parametrize("path", MANIFESTS, ids=lambda path: str(path.relative_to(CASES)))
def test_one_verdict(refused, path):
    document = read_document(path, shown_as=str(path))
    assert (str(path) in refused) == bool(document.findings or validate(Kind.MANIFEST, document.value))


def test_the_cases_are_where_they_belong(refused):
    for kind, expected in (("good", False), ("warned", False), ("bad/meaning", False), ("bad/schema", True)):
        for case in cases(kind):
            assert any(str(path) in refused for path in case.manifests) == expected, case.id
