"""The result of an apply as text: short lines, and one item for each reason, however many entries it affects."""

import pytest
from plan_documents import PLAIN
from plans import desired, locked
from results import document

from fbsync.model.changes import Create, Delete, Update
from fbsync.model.errors import FbsyncError
from fbsync.model.outcomes import Outcome, Result
from fbsync.render.document import outcome_entry
from fbsync.render.outcome_text import outcome_line, outcome_report


def failed(name, llm_id, message="PUT /ai/llm/{id} answered 403: no", hint="ask for a role"):
    change = Update(desired=desired(name), locked=locked(name, llm_id=llm_id), fields=(), credentials=())
    error = FbsyncError(message.replace("{id}", llm_id), hint=hint)
    return Outcome(change=change, result=Result.FAILED, llm_id=llm_id, error=error)


def created(name="One"):
    return Outcome(change=Create(desired=desired(name)), result=Result.CREATED, llm_id="llm-1")


@pytest.mark.parametrize(
    ("how", "line"),
    [
        ({}, "One (workspace ws-main): created (id llm-1)"),
        ({"with_place": False}, "One: created (id llm-1)"),
        ({"with_id": False}, "One (workspace ws-main): created"),
        ({"with_place": False, "with_id": False}, "One: created"),
    ],
)
def test_a_line_says_what_it_is_asked_for(how, line):
    assert outcome_line(outcome_entry(created()), paint=PLAIN, **how) == line


def test_equal_failures_are_one_item():
    text = outcome_report(document([failed(f"E{at}", f"llm-{at}") for at in range(5)]), paint=PLAIN)
    assert text.splitlines()[1:4] == [
        "5 entries failed (E0, E1, E2 and 2 more): PUT /ai/llm/… answered 403: no",
        "  fix: ask for a role",
        "",
    ]


def test_what_failed_alone_is_said_as_it_was():
    other = failed("Other", "llm-9", message="PUT /ai/llm/{id} answered 400: no name")
    text = outcome_report(document([failed("A", "llm-1"), other, failed("B", "llm-2"), created("C")]), paint=PLAIN)
    assert "2 entries failed (A, B): PUT /ai/llm/… answered 403: no" in text
    assert "Other: failed: PUT /ai/llm/llm-9 answered 400: no name" in text
    assert text.endswith("Apply incomplete! Resources: 1 added, 0 changed, 0 destroyed. 3 failed.\n")


def test_what_was_not_attempted_is_told_from_what_failed():
    error = FbsyncError("interrupted by SIGINT", hint="run `fbsync apply` again for the rest")
    stopped = [
        Outcome(change=Delete(locked=locked(name)), result=Result.NOT_ATTEMPTED, error=error) for name in ("A", "B")
    ]
    unknown = Outcome(change=Create(desired=desired("C", secret="X")), result=Result.UNKNOWN, error=error)
    text = outcome_report(document([*stopped, unknown]), paint=PLAIN)
    assert "2 entries not attempted (A, B): interrupted by SIGINT" in text
    assert "C: outcome unknown: interrupted by SIGINT" in text
