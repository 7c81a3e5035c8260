"""Every format, for the same plans, must match files that somebody has read.

To write the files again after a change of words (read the difference before you commit it):
``FBSYNC_UPDATE_GOLDEN=1 pytest tests/render/test_golden.py``
"""

import json
import os
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator
from plan_documents import PLAIN
from plans import PLANS, document, first_plan, golden, nothing_to_do, some_drift, without_credentials
from results import RESULTS as RESULT_DOCUMENTS

from fbsync.cli.all_environments import Results, document_of_all
from fbsync.cli.plan_output import part_of_all
from fbsync.model.errors import ExitCode, FbsyncError
from fbsync.render.document import dump
from fbsync.render.drift_html import drift_html, drifts_html
from fbsync.render.drift_markdown import drift_markdown, drifts_markdown
from fbsync.render.drift_text import drift_text, drifts_text
from fbsync.render.known_document import drift_part
from fbsync.render.paint import Paint
from fbsync.render.plan_counts import total_plan_summary
from fbsync.render.plan_html import plan_html, plans_html
from fbsync.render.plan_markdown import plan_markdown, plans_markdown
from fbsync.render.plan_text import plan_text, plans_text
from fbsync.render.result_html import result_html
from fbsync.render.result_markdown import result_markdown
from fbsync.render.result_text import result_text
from fbsync.render.variables_markdown import all_variables_markdown, variables_markdown
from fbsync.render.variables_text import all_variables_text, variables_text
from fbsync.schema.validate import Kind, schema_of

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


RESULT_FORMATS = {
    "txt": lambda one: result_text(one, paint=PLAIN),
    "md": lambda one: result_markdown(one, max_chars=60_000),
    "html": result_html,
    "json": dump,
}


@pytest.mark.parametrize("ending", RESULT_FORMATS)
@pytest.mark.parametrize("name", RESULT_DOCUMENTS)
def test_a_result_is_rendered_as_it_was_read(name, ending):
    rendered = RESULT_FORMATS[ending](RESULT_DOCUMENTS[name]())
    path = GOLDEN / f"{name}.{ending}"
    if os.environ.get("FBSYNC_UPDATE_GOLDEN"):
        path.write_text(rendered, encoding="utf-8", newline="")
    assert rendered == path.read_text(encoding="utf-8")


@pytest.mark.parametrize("name", RESULT_DOCUMENTS)
def test_a_result_is_as_its_schema_says(name):
    document = json.loads(dump(RESULT_DOCUMENTS[name]()))
    assert [error.message for error in Draft202012Validator(schema_of(Kind.RESULT)).iter_errors(document)] == []


@pytest.mark.parametrize("limit", [120, 200, 400, 900, 2_000])
@pytest.mark.parametrize("name", RESULT_DOCUMENTS)
def test_a_result_as_a_comment_stays_within_its_limit(name, limit):
    document = RESULT_DOCUMENTS[name]()
    text = result_markdown(document, max_chars=limit)
    assert len(text) <= limit
    whole = result_markdown(document, max_chars=60_000)
    assert text == whole or "eft out because of the length" in text or f"ended with {document['exit_code']}" in text


def variables(environment, *, unset=("CHAT_KEY",)):
    """What the result document says about an environment's variables. Names of entries try to be more than text."""
    names = ("Chat", "<b>x</b> @everyone", "a|b `c`", "[x](javascript:y)")

    def use(name, at):
        return {"file": "fbsync.yaml", "line": at, "column": 13, "entry": name, "field": "secret"}

    def variable(name, source, uses):
        is_set = name not in unset
        return {"name": name, "set": is_set, "source": source if is_set else None, "empty": False, "uses": uses}

    shared = [use(name, at) for at, name in enumerate(names, 7)]
    listed = [variable("CHAT_KEY", ".env", shared[:1]), variable("SHARED_KEY", "environment", shared)]
    listed.append({**variable("EMPTY", None, shared[:2]), "set": False, "empty": True})
    files = [".env.staging", ".env"] if environment else []
    return {
        "environment": environment,
        "variables": listed,
        "signs_in_with": ["FLASHBACK_EMAIL", "FLASHBACK_PASSWORD"] if environment else [],
        "variable_files": files,
    }


def several():
    """The plans of three environments, one of which failed."""
    return [
        document(first_plan()),
        document(without_credentials(), environment="staging"),
        document(nothing_to_do(), environment="eu-`prod`", api_url="http://127.0.0.1:8080"),
    ]


PROBLEMS = [("br<o>ken", "the lockfile has a merge conflict; @you must `solve` it")]
ENVIRONMENTS = [variables("staging"), variables(None, unset=())]
DRIFTS = [some_drift(), some_drift("Chat", environment=None, api_url="http://127.0.0.1:8080")]
OTHERS = {
    "env.txt": lambda: variables_text(variables("staging"), paint=PLAIN),
    "env.md": lambda: variables_markdown(variables("staging"), max_chars=60_000),
    "env-of-all.txt": lambda: all_variables_text(ENVIRONMENTS, paint=PLAIN),
    "env-of-all.md": lambda: all_variables_markdown(ENVIRONMENTS, PROBLEMS, max_chars=60_000),
    "drift.txt": lambda: drift_text(some_drift(), paint=PLAIN),
    "drift.md": lambda: drift_markdown(some_drift(), max_chars=60_000),
    "drift.html": lambda: drift_html(some_drift()),
    "drift.json": lambda: dump(drift_part(some_drift())),
    "drift-of-all.txt": lambda: drifts_text(DRIFTS, paint=PLAIN),
    "drift-of-all.md": lambda: drifts_markdown(DRIFTS, PROBLEMS, max_chars=60_000),
    "drift-of-all.html": lambda: drifts_html(DRIFTS, PROBLEMS),
    "all-environments.txt": lambda: plans_text(several(), paint=PLAIN),
    "all-environments.md": lambda: plans_markdown(several(), PROBLEMS, max_chars=60_000),
    "all-environments.html": lambda: plans_html(several(), PROBLEMS),
    "all-environments.json": lambda: dump(document_of_all("plan", REFUSED, RESULTS, part_of_all, summary=OF_ALL)),
}
REFUSED = ExitCode.INVALID_INPUT
RESULTS = Results(
    done=tuple((one["environment"], one) for one in several()),
    failed=tuple((where, FbsyncError(why, hint="merge it", exit_code=REFUSED)) for where, why in PROBLEMS),
)
OF_ALL = total_plan_summary(several())


@pytest.mark.parametrize("name", OTHERS)
def test_drift_and_several_environments_are_rendered_as_they_were_read(name):
    rendered = OTHERS[name]()
    if os.environ.get("FBSYNC_UPDATE_GOLDEN"):
        (GOLDEN / name).write_text(rendered, encoding="utf-8", newline="")
    assert rendered == (GOLDEN / name).read_text(encoding="utf-8")


@pytest.mark.parametrize("name", PLANS)
def test_the_json_is_as_its_schema_says(name):
    errors = Draft202012Validator(schema_of(Kind.PLAN)).iter_errors(json.loads(dump(golden(name))))
    assert [error.message for error in errors] == []


def test_the_json_of_all_environments_is_as_its_schemas_say():
    document = json.loads(OTHERS["all-environments.json"]())
    errors = Draft202012Validator(schema_of(Kind.RESULT)).iter_errors(document)
    assert [error.message for error in errors] == []
    plans = [part["plan"] for part in document["environments"] if "plan" in part]
    assert len(plans) == 3
    for plan in plans:
        assert list(Draft202012Validator(schema_of(Kind.PLAN)).iter_errors(plan)) == []


@pytest.mark.parametrize("ending", FORMATS)
@pytest.mark.parametrize("name", PLANS)
def test_no_credential_and_no_fingerprint_is_in_it(name, ending):
    assert "never-shown" not in FORMATS[ending](golden(name))


def test_every_golden_file_has_its_plan():
    plans = {f"{name}.{ending}" for name in PLANS for ending in FORMATS}
    results = {f"{name}.{ending}" for name in RESULT_DOCUMENTS for ending in RESULT_FORMATS}
    assert {path.name for path in GOLDEN.iterdir()} == plans | results | OTHERS.keys()
