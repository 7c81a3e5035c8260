"""Every format over the same plans, against files that somebody has read.

To write them anew after a change of words, and to read the difference before committing it:
``FBSYNC_UPDATE_GOLDEN=1 pytest tests/render/test_golden.py``
"""

import json
import os
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator
from plans import PLANS, compared

from fbsync.model.errors import ExitCode
from fbsync.render.document import dump, plan_document
from fbsync.render.paint import Paint
from fbsync.render.plan_html import plan_html
from fbsync.render.plan_markdown import plan_markdown
from fbsync.render.plan_text import plan_text
from fbsync.schema.validate import Kind, schema

GOLDEN = Path(__file__).parent / "golden"


def as_text(plan, environment):
    return plan_text(plan, paint=Paint(enabled=False), compared=compared(plan))


def as_narrow_text(plan, environment):
    return plan_text(plan, paint=Paint(enabled=True), compared=compared(plan), width=40)


def as_markdown(plan, environment):
    return plan_markdown(plan, environment=environment, compared=compared(plan), max_chars=60_000)


def as_json(plan, environment):
    code = ExitCode.DONE if plan.is_empty else ExitCode.PENDING
    return dump(plan_document(plan, code, environment=environment, api_url="https://backend.flashback.tech"))


def as_html(plan, environment):
    return plan_html(plan, environment=environment, compared=compared(plan))


FORMATS = {"txt": as_text, "40.ansi": as_narrow_text, "md": as_markdown, "json": as_json, "html": as_html}


@pytest.mark.parametrize("ending", FORMATS)
@pytest.mark.parametrize("name", PLANS)
def test_a_plan_is_rendered_as_it_was_read(name, ending):
    make, environment = PLANS[name]
    rendered = FORMATS[ending](make(), environment)
    path = GOLDEN / f"{name}.{ending}"
    if os.environ.get("FBSYNC_UPDATE_GOLDEN"):
        path.write_text(rendered, encoding="utf-8", newline="")
    assert rendered == path.read_text(encoding="utf-8")


@pytest.mark.parametrize("name", PLANS)
def test_the_json_is_as_its_schema_says(name):
    make, environment = PLANS[name]
    errors = Draft202012Validator(schema(Kind.PLAN)).iter_errors(json.loads(as_json(make(), environment)))
    assert [error.message for error in errors] == []


@pytest.mark.parametrize("ending", FORMATS)
@pytest.mark.parametrize("name", PLANS)
def test_no_credential_and_no_fingerprint_is_in_it(name, ending):
    make, environment = PLANS[name]
    assert "never-shown" not in FORMATS[ending](make(), environment)


def test_every_golden_file_has_its_plan():
    assert {path.name for path in GOLDEN.iterdir()} == {f"{name}.{ending}" for name in PLANS for ending in FORMATS}
