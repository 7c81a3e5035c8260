"""Users of a configuration are named before it changes, in every format, and block what the server refuses."""

import pytest
from plan_documents import PLAIN
from plans import desired, field_change, live, locked, update

from fbsync.model.changes import Adopt, Delete
from fbsync.model.configurations import Field
from fbsync.model.errors import ExitCode
from fbsync.model.live import Live
from fbsync.model.plan import Plan
from fbsync.model.repositories import counted_repositories
from fbsync.planning.allowed import Allowed
from fbsync.planning.guards import refusals
from fbsync.render.plan_document import Origin, plan_document
from fbsync.render.plan_html import plan_html
from fbsync.render.plan_markdown import plan_markdown
from fbsync.render.plan_text import plan_text

ORIGIN = Origin(environment=None, api_url="https://backend.flashback.tech", state="fbsync.lock", compared="Compared.")
GONE = Delete(locked=locked("Gone", llm_id="llm-1"))
MOVED = update("Moved", field_change(Field.ENDPOINT, "https://a.example", "https://b.example"))
RENAMED = update("Renamed", field_change(Field.NAME, "Old", "Renamed"))
TAKEN = Adopt(desired=desired("Taken"), live=live("Taken", llm_id="llm-4"))
PLAN = Plan(changes=(GONE, MOVED, RENAMED, TAKEN), refreshed=True)
USERS = {
    "llm-1": ("docs",),
    MOVED.locked.id: ("web", "api"),
    RENAMED.locked.id: ("web",),
    "llm-4": ("a", "b", "c", "d", "e"),
}
DOCUMENT = plan_document(PLAN, ExitCode.DONE, origin=ORIGIN, repositories=USERS)


@pytest.mark.parametrize(
    "shown",
    [plan_text(DOCUMENT, paint=PLAIN), plan_markdown(DOCUMENT, max_chars=9_000), plan_html(DOCUMENT)],
    ids=["text", "markdown", "html"],
)
def test_those_that_feel_it_are_named(shown):
    text = shown.replace("`", "")
    assert "t is used by the repository docs: the server will refuse to delete it" in text
    assert "t is used by the repositories web, api, which this affects" in text
    assert "t is used by the repositories a, b, c and 2 more, which this affects" in text
    assert text.count("t is used by") == 3


def test_they_are_counted_at_the_end_of_text():
    assert "Warnings: 3 entries used by repositories." in plan_text(DOCUMENT, paint=PLAIN)


def test_the_document_has_them_all():
    found = {entry["name"]: entry.get("repositories") for entry in DOCUMENT["resource_changes"]}
    assert found == {"Gone": ["docs"], "Moved": ["web", "api"], "Renamed": ["web"], "Taken": list("abcde")}


@pytest.mark.parametrize(("repos", "reasons"), [(("docs", "web"), 1), ((), 0)])
def test_a_deletion_of_what_is_in_use_is_refused(repos, reasons):
    listed = live("Gone", llm_id="llm-1")
    there = Live(
        llms=(type(listed)(id="llm-1", name="Gone", workspace_id="ws-main", repos=repos),), workspaces={"ws-main"}
    )
    plan = Plan(changes=(GONE,), refreshed=True)
    found = refusals(plan, Allowed(), declared=1, known=[GONE.locked], live=there)
    assert len(found) == reasons
    assert all("is used by the repositories docs, web" in refusal.message for refusal in found)
    assert refusals(plan, Allowed(), declared=1, known=[GONE.locked], live=None) == ()


def test_one_is_said_otherwise_than_several():
    assert counted_repositories(["a"]) == "the repository a"
    assert counted_repositories(["a", "b"]) == "the repositories a, b"
