"""Every format over the same plans, against files that somebody has read.

To write them anew after a change of words, and to read the difference before committing it:
``FBSYNC_UPDATE_GOLDEN=1 pytest tests/render/test_golden.py``
"""

import json
import os
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator
from plan_documents import PLAIN
from plans import PLANS, golden

from fbsync.render.document import dump
from fbsync.render.paint import Paint
from fbsync.render.plan_html import plan_html
from fbsync.render.plan_markdown import plan_markdown
from fbsync.render.plan_text import plan_text
from fbsync.schema.validate import Kind, schema

GOLDEN = Path(__file__).parent / "golden"


def as_text(document):
    return plan_text(document, paint=PLAIN)


def as_narrow_text(document):
    return plan_text(document, paint=Paint(enabled=True), width=40, verbose=True)


def as_markdown(document):
    return plan_markdown(document, max_chars=60_000)


FORMATS = {"txt": as_text, "40.ansi": as_narrow_text, "md": as_markdown, "json": dump, "html": plan_html}


@pytest.mark.parametrize("ending", FORMATS)
@pytest.mark.parametrize("name", PLANS)
def test_a_plan_is_rendered_as_it_was_read(name, ending):
    rendered = FORMATS[ending](golden(name))
    path = GOLDEN / f"{name}.{ending}"
    if os.environ.get("FBSYNC_UPDATE_GOLDEN"):
        path.write_text(rendered, encoding="utf-8", newline="")
    assert rendered == path.read_text(encoding="utf-8")


@pytest.mark.parametrize("name", PLANS)
def test_the_json_is_as_its_schema_says(name):
    errors = Draft202012Validator(schema(Kind.PLAN)).iter_errors(json.loads(dump(golden(name))))
    assert [error.message for error in errors] == []


@pytest.mark.parametrize("ending", FORMATS)
@pytest.mark.parametrize("name", PLANS)
def test_no_credential_and_no_fingerprint_is_in_it(name, ending):
    assert "never-shown" not in FORMATS[ending](golden(name))


def test_every_golden_file_has_its_plan():
    assert {path.name for path in GOLDEN.iterdir()} == {f"{name}.{ending}" for name in PLANS for ending in FORMATS}
