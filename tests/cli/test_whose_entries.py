"""Ownership: what one manifest, list or unfinished run may do to entries of another."""

import json

import plain_http
import pytest
from cli_world import MANIFEST
from recorder import Reply

ONE = MANIFEST[: MANIFEST.index("  - name: Two")]
TWO = MANIFEST.replace(MANIFEST[MANIFEST.index("  - name: One") : MANIFEST.index("  - name: Two")], "")


@pytest.fixture
def outside(sandbox):
    """Call the API as another client does."""

    def send(method, path, **body):
        headers = {"Authorization": f"Bearer {sandbox.token}"}
        answer = plain_http.request(method, f"{sandbox.url}/ai/llm{path}", json=body, headers=headers)
        assert answer.is_success, answer.text
        return answer.json()

    return send


@pytest.fixture
def teams(project):
    """Two teams with a manifest each, in one folder."""
    project.write("a.yaml", ONE)
    project.write("b.yaml", TWO)
    return project


class TestTwoManifests:
    def test_in_one_folder_have_a_known_state_each(self, teams, on_server):
        assert teams("apply", "--yes", "-f", "a.yaml").returncode == 0
        done = teams("apply", "--yes", "-f", "b.yaml", "--prune")
        assert done.returncode == 0, done.stderr
        assert set(on_server()) == {"One", "Two"}
        assert (teams.folder / "a.lock").exists()
        assert (teams.folder / "b.lock").exists()

    def test_that_share_a_lockfile_leave_each_others_entries_alone(self, teams, on_server):
        at = ("--lock-file", "shared.lock", "--yes")
        assert teams("apply", *at, "-f", "a.yaml").returncode == 0
        done = teams("apply", *at, "-f", "b.yaml", "--prune")
        assert done.returncode == 0, done.stderr
        assert set(on_server()) == {"One", "Two"}
        known = json.loads((teams.folder / "shared.lock").read_text())["llms"]
        assert {llm["name"]: llm["manifest"] for llm in known} == {"One": "a.yaml", "Two": "b.yaml"}

    def test_one_of_them_from_standard_input_owns_its_entries_from_run_to_run(self, teams, on_server):
        """A manifest from a pipe has no path, so all pipes are one manifest: the next one sees what it dropped."""

        def piped(manifest, *arguments):
            path = teams.write("piped.yaml", manifest)
            with path.open() as stdin:
                started = teams.process(*arguments, "-f", "-", "--lock-file", "shared.lock", stdin=stdin)
                return teams.finish(started)

        assert teams("apply", "--yes", "-f", "b.yaml", "--lock-file", "shared.lock").returncode == 0
        assert piped(ONE, "apply", "--yes").returncode == 0
        assert "belongs to" not in piped(ONE, "plan").stdout
        done = piped(ONE.replace("name: One", "name: Three"), "apply", "--yes", "--prune")
        assert done.returncode == 0, done.stderr
        assert set(on_server()) == {"Two", "Three"}

    def test_together_take_one_lockfile_in_any_order(self, teams):
        assert teams("apply", "--yes", "-f", "a.yaml", "-f", "b.yaml").returncode == 0
        assert teams("plan", "--detailed-exitcode", "-f", "b.yaml", "-f", "a.yaml").returncode == 0

    def test_an_entry_that_moves_to_the_other_one_is_not_deleted(self, teams, on_server):
        both = ("-f", "a.yaml", "-f", "b.yaml", "--yes")
        assert teams("apply", *both).returncode == 0
        teams.write("a.yaml", MANIFEST)
        teams.write("b.yaml", "version: 1\nllms: []\n")
        assert teams("apply", *both, "--prune").returncode == 0
        assert set(on_server()) == {"One", "Two"}


class TestAListThatIsWrong:
    def test_an_emptied_workspace_is_not_believed(self, project, server):
        project("apply", "--yes")
        before = (project.folder / "fbsync.lock").read_text()
        server.replies = lambda request: (
            Reply(status=200, body={"success": True, "aiLlms": []}) if request.method == "GET" else None
        )
        writes = len(server.writes)
        done = project("apply", "--yes")
        assert done.returncode == 8
        assert "are in the lockfile, and the server lists none" in done.stderr
        assert "--recreate" in done.stderr
        assert len(server.writes) == writes
        assert (project.folder / "fbsync.lock").read_text() == before

    @pytest.mark.parametrize("left", ["protect: true", "protect: false"])
    def test_nothing_is_forgotten_by_it(self, project, server, left):
        project.write("fbsync.yaml", MANIFEST + f"    {left}\n")
        project("apply", "--yes")
        project.write("fbsync.yaml", ONE)
        server.replies = lambda request: (
            Reply(status=200, body={"success": True, "aiLlms": []}) if request.method == "GET" else None
        )
        project("apply", "--yes", "--recreate")
        assert [llm["name"] for llm in project.lockfile["llms"]][-1] == "Two"

    def test_a_deletion_of_what_is_gone_already_is_a_success(self, project, outside, on_server):
        project("apply", "--yes")
        outside("DELETE", f"/{on_server()['Two']['id']}")
        project.write("fbsync.yaml", ONE)
        assert project("apply", "--yes").returncode == 0
        assert [llm["name"] for llm in project.lockfile["llms"]] == ["One", "Two"]
        done = project("apply", "--yes", "--prune")
        assert done.returncode == 0, done.stderr
        assert [llm["name"] for llm in project.lockfile["llms"]] == ["One"]


class TestAKeyOnTheServer:
    def test_that_nobody_declares_is_drift_and_is_taken_away(self, project, outside, on_server):
        project("apply", "--yes")
        outside("PUT", f"/{on_server()['One']['id']}", key="somebody-elses")
        drift = project("drift")
        assert drift.returncode == 2
        assert "key" in drift.stdout
        assert project("apply", "--yes").returncode == 0
        assert on_server()["One"]["key"] is None
        assert project("drift").returncode == 0

    def test_that_somebody_took_away_is_sent_again(self, project, outside, on_server):
        project("apply", "--yes")
        project("apply", "--yes")
        assert project.lockfile["keysMasked"]
        outside("PUT", f"/{on_server()['Two']['id']}", key=None)
        assert project("drift").returncode == 2
        assert project("apply", "--yes").returncode == 0
        assert on_server()["Two"]["key"] is not None

    def test_that_somebody_changed_is_sent_again(self, project, outside, on_server, server):
        project("apply", "--yes")
        project("apply", "--yes")
        outside("PUT", f"/{on_server()['Two']['id']}", key="a-wholly-different-key-0123")
        assert project("drift").returncode == 2
        assert project("apply", "--yes").returncode == 0
        assert server.writes[-1].body == {"key": project.credentials["KEY_TWO"]}


def test_all_credentials_are_sent_again_where_somebody_asks(project, server):
    project("apply", "--yes")
    assert project("apply", "--yes", "--resend-secrets", "--only", "Two").returncode == 0
    assert server.writes[-1].body == {
        "key": project.credentials["KEY_TWO"],
        "secret": project.credentials["SECRET_TWO"],
    }
    assert len(server.writes) == 3
    assert project("apply", "--yes", "--resend-secrets").returncode == 0
    assert len(server.writes) == 5


def test_half_of_a_chain_of_renames_names_what_must_go_along(project, server):
    project("apply", "--yes")
    renamed = MANIFEST.replace("name: Two", "name: Three\n    previousName: Two")
    project.write("fbsync.yaml", renamed.replace("name: One", "name: Two\n    previousName: One"))
    done = project("plan", "--only", "Two")
    assert 'add --only "Three"' in done.stdout
    assert project("apply", "--yes", "--only", "Two").returncode == 5
    assert len(server.writes) == 2
    assert project("apply", "--yes", "--only", "Two", "--only", "Three").returncode == 0


@pytest.mark.parametrize("since", ["2099-01-01T00:00:00Z", None])
def test_an_intent_does_not_take_over_what_was_there_before(project, server, outside, on_server, workspace, since):
    outside(
        "POST",
        "",
        name="One",
        aiType="OPENAI",
        endpoint="https://one.example.com/v1",
        secret="theirs",
        workspaceId=workspace,
    )
    header = {
        "journal": 2,
        "apiUrl": server.url,
        "environment": None,
        "fingerprints": {"method": "scrypt", "salt": "A" * 22, "n": 4096},
    }
    intent = {
        "n": 1,
        "intent": "create",
        "workspaceId": workspace,
        "name": "One",
        "aiType": "OPENAI",
        "endpoint": "https://one.example.com/v1",
        "credentials": {"secret": "SECRET_ONE"},
        "sent": True,
        **({"since": since} if since else {}),
    }
    project.write("fbsync.yaml", ONE)
    project.write("fbsync.lock.journal", "".join(f"{json.dumps(line)}\n" for line in (header, intent)))
    done = project("apply", "--yes")
    assert done.returncode == 8
    assert "is already on the server" in done.stderr
    assert server.writes == []
    assert project("apply", "--yes", "--adopt").returncode == 0
    assert not (project.folder / "fbsync.lock.journal").exists()
