"""fbsync as a library: the same as the commands, without their output."""

import asyncio
import html
import json
import subprocess
import sys
import threading
from functools import partial

import pytest
from cli_world import MANIFEST
from recorder import Reply

import fbsync
from fbsync.model.changes import Create, Unchanged
from fbsync.schema.validate import Kind, validate
from fbsync.state.runlock import run_lock


@pytest.fixture
def load(project):
    def load_it(**options):
        variables = {**project.environment, **project.credentials}
        return fbsync.load(project.folder / "fbsync.yaml", variables=variables, **options)

    return load_it


def test_plan_and_apply(load, project, server, on_server, capfd):
    pending = fbsync.plan(load())
    assert [type(change) for change in pending.plan.changes] == [Create, Create]
    assert server.requests == []
    told = []
    applied = fbsync.apply(load(), on_outcome=told.append)
    assert applied.exit_code is fbsync.ExitCode.DONE
    assert [outcome.result for outcome in applied.outcomes] == [fbsync.Result.CREATED] * 2
    assert sorted(map(id, told)) == sorted(map(id, applied.outcomes))
    assert set(on_server()) == {"One", "Two"}
    again = fbsync.plan(load(), refresh=True)
    assert [type(change) for change in again.plan.changes] == [Unchanged, Unchanged]
    assert again.plan.refreshed
    assert capfd.readouterr() == ("", "")
    assert project("plan", "--refresh", "--detailed-exitcode").returncode == 0


@pytest.mark.parametrize("function", [fbsync.plan, partial(fbsync.plan, refresh=True), fbsync.apply, fbsync.drift])
def test_a_path_in_place_of_the_inputs_is_refused_by_a_message_that_says_what_to_pass(function, project):
    with pytest.raises(TypeError, match=r"what fbsync\.load returns, and not str"):
        function(str(project.folder / "fbsync.yaml"))


def test_one_entrys_failure_is_an_outcome(load, server):
    server.replies = lambda request: (
        Reply(status=403, body={"success": False, "message": "no"}) if request.body.get("name") == "Two" else None
    )
    applied = fbsync.apply(load())
    assert applied.exit_code is fbsync.ExitCode.PARTLY_APPLIED
    assert {fbsync.name_of(outcome.change): outcome.result for outcome in applied.outcomes} == {
        "One": fbsync.Result.CREATED,
        "Two": fbsync.Result.FAILED,
    }


def test_a_guard_refuses_before_the_first_change(load, project, server):
    fbsync.apply(load())
    (project.folder / "fbsync.lock").unlink()
    with pytest.raises(fbsync.GuardRefused) as caught:
        fbsync.apply(load())
    assert len(caught.value.refusals) == 2
    assert len(server.writes) == 2
    assert fbsync.apply(load(), adopt=True).exit_code is fbsync.ExitCode.DONE


def test_wrong_input_is_findings(load, project):
    project.write("fbsync.yaml", MANIFEST.replace("OPENAI", "OPENIA"))
    with pytest.raises(fbsync.InvalidInput) as caught:
        load()
    (finding,) = caught.value.findings
    assert (finding.rule, finding.position.line) == ("wrong-value", 5)


def test_another_run_is_waited_for_and_then_refused(load, project, server):
    with run_lock(project.folder / "fbsync.lock", timeout=0), pytest.raises(fbsync.FbsyncError) as caught:
        fbsync.apply(load(), lock_timeout=0.2)
    assert caught.value.exit_code is fbsync.ExitCode.LOCKED
    assert server.requests == []


def test_there_are_no_means_of_signing_in(project, server):
    variables = {**project.environment, **project.credentials} | {"FLASHBACK_TOKEN": ""}
    with pytest.raises(fbsync.FbsyncError) as caught:
        fbsync.apply(fbsync.load(project.folder / "fbsync.yaml", variables=variables))
    assert caught.value.exit_code is fbsync.ExitCode.NOT_ALLOWED
    assert server.requests == []


def test_what_was_applied_makes_a_result_document(load):
    from fbsync.render.document import outcome_entry, result_document

    applied = fbsync.apply(load())
    entries = [outcome_entry(outcome) for outcome in applied.outcomes]
    document = result_document("apply", applied.exit_code, summary="", entries=entries)
    assert validate(Kind.RESULT, json.loads(json.dumps(document))) == ()


def test_importing_it_costs_nothing_and_every_name_is_there():
    code = "import sys, fbsync; print(*(name for name in sys.modules if name.startswith('fbsync')))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert set(done.stdout.split()) == {"fbsync", "fbsync.version"}
    assert all(getattr(fbsync, name) is not None for name in fbsync.__all__)
    assert set(fbsync.__all__) <= set(dir(fbsync))
    with pytest.raises(AttributeError):
        _ = fbsync.nothing_of_this_name


class TestInAnEventLoop:
    """In a notebook, an event loop always runs."""

    def run(self, work):
        return asyncio.run(work)

    def test_the_functions_work_there(self, load, on_server):
        async def cell():
            assert "Plan: 2 to add" in repr(fbsync.plan(load(), refresh=True))
            assert fbsync.apply(load()).exit_code is fbsync.ExitCode.DONE
            return fbsync.drift(load())

        assert not self.run(cell()).is_found
        assert set(on_server()) == {"One", "Two"}

    def test_their_twins_leave_the_loop_free(self, load, server):
        turns = []

        async def turn():
            while True:
                turns.append(len(server.requests))
                await asyncio.sleep(0)

        async def work():
            beside = asyncio.create_task(turn())
            try:
                assert len((await fbsync.plan_async(load(), prune=True)).plan.changes) == 2
                applied = await fbsync.apply_async(load(), on_outcome=outcomes.append)
                return applied, await fbsync.drift_async(load(), only=["One"])
            finally:
                beside.cancel()

        outcomes = []
        applied, found = self.run(work())
        assert applied.exit_code is fbsync.ExitCode.DONE
        assert len(outcomes) == 2
        assert not found.is_found
        assert len(set(turns)) > 1

    def test_a_cancelled_apply_ends_in_order(self, load, project, server, on_server):
        started = threading.Event()

        def reply(request):
            if request.method == "POST":
                started.set()

        server.replies = reply

        async def work():
            task = asyncio.create_task(fbsync.apply_async(load()))
            await asyncio.to_thread(started.wait)
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task

        self.run(work())
        assert {llm["name"] for llm in project.lockfile["llms"]} == set(on_server()) == {"One", "Two"}
        assert not (project.folder / "fbsync.lock.journal").exists()

    def test_errors_are_those_of_the_functions(self, load):
        async def work():
            with pytest.raises(fbsync.FbsyncError, match="neither in the manifest nor in the lockfile"):
                await fbsync.plan_async(load(), only=["Nobody"])
            with pytest.raises(fbsync.FbsyncError, match="neither in the manifest nor in the lockfile"):
                fbsync.drift(load(), only=["Nobody"])

        self.run(work())


def test_an_error_says_its_findings(load, project):
    project.write("fbsync.yaml", MANIFEST.replace("OPENAI", "OPENIA").replace("AWS", "AWX"))
    with pytest.raises(fbsync.InvalidInput) as caught:
        load()
    head, *lines = str(caught.value).splitlines()
    assert head == "the input is invalid:"
    assert len(lines) == 2
    assert "fbsync.yaml:5:" in lines[0]
    assert lines[0].endswith("[wrong-value]")


def test_a_refusal_says_its_reasons(load, project):
    fbsync.apply(load())
    (project.folder / "fbsync.lock").unlink()
    with pytest.raises(fbsync.GuardRefused) as caught:
        fbsync.apply(load())
    assert str(caught.value).count("--adopt") == 2
    assert "One (workspace" in str(caught.value)


def test_a_plan_shows_itself(load, project):
    project.write("fbsync.yaml", MANIFEST.replace("One", "<script>alert(1)</script>"))
    made = fbsync.plan(load())
    assert repr(made) == "<fbsync plan: Plan: 2 to add, 0 to change, 0 to destroy.>"
    page = made._repr_html_()
    assert page.startswith('<iframe sandbox srcdoc="')
    assert "<script>alert" not in html.unescape(page)
    assert "canary" not in page


def test_the_result_of_an_apply_is_one_line(load):
    assert repr(fbsync.apply(load())) == "<fbsync apply: Apply complete! Resources: 2 added, 0 changed, 0 destroyed.>"
    assert repr(fbsync.apply(load())).endswith("Resources: 0 added, 0 changed, 0 destroyed. 2 unchanged.>")
