"""The known state as an input: its owner and contents, and what is refused before any request."""

import json

import plain_http
import pytest
from cli_world import SHARED_WORKSPACES

from fbsync.state.lockfile import parse_lockfile

SHORT = "0123456789abcdef0123456789abcde"
NO_SCRYPT = 'import hashlib\ndef scrypt(*a, **k): raise ValueError("unsupported")\nhashlib.scrypt = scrypt\n'
TWO_ENVIRONMENTS = """\
version: 1
workspaceId: $FLASHBACK_WORKSPACE_ID
llms:
  - name: One
    aiType: OPENAI
    endpoint: https://one.example.com/v1
    secret: $SECRET_ONE
environments:
  staging: {}
  review: {}
"""


def test_a_lockfile_of_another_environment_is_refused(project, server):
    project("apply", "--yes")
    project.write("fbsync.yaml", TWO_ENVIRONMENTS)
    (project.folder / "fbsync.staging.lock").write_text((project.folder / "fbsync.lock").read_text())
    (project.folder / "fbsync.lock").unlink()
    writes = len(server.writes)
    for command in (["plan"], ["apply", "--yes", "--prune"], ["drift"]):
        done = project(*command, "-e", "staging")
        assert done.returncode == 3
        assert "belongs to no environment, but this run is for the environment 'staging'" in done.stderr
    assert len(server.writes) == writes


def test_a_configuration_that_two_environments_know_is_an_error(project):
    project("apply", "--yes")
    project.write("fbsync.yaml", TWO_ENVIRONMENTS)
    value = project.lockfile | {"environment": "review"}
    value["llms"] = [dict(value["llms"][0], name="Another")]
    project.write("fbsync.review.lock", json.dumps(value))
    done = project("plan", "-e", "review")
    assert done.returncode == 3
    assert f"both have the configuration {value['llms'][0]['id']}" in done.stderr
    assert project("plan").returncode == 3


def test_the_day_on_which_a_credential_was_sent_changes_only_when_it_is_sent_again(project):
    project("apply", "--yes")
    path = project.folder / "fbsync.lock"
    value = project.lockfile
    assert all(llm[field]["sentOn"] for llm in value["llms"] for field in ("key", "secret") if field in llm)
    for llm in value["llms"]:
        llm["secret"]["sentOn"] = "2001-01-01"
    path.write_text(json.dumps(value))
    project.credential("SECRET_TWO", "canary-two-rotated")
    project.write("fbsync.yaml", (project.folder / "fbsync.yaml").read_text().replace("//one.", "//first."))
    assert project("apply", "--yes").returncode == 0
    sent_on = {llm["name"]: llm["secret"]["sentOn"] for llm in project.lockfile["llms"]}
    assert sent_on["One"] == "2001-01-01"
    assert sent_on["Two"] > "2001-01-01"
    assert parse_lockfile(path.read_text(), path=path).llms


def test_a_short_fingerprint_key_is_a_finding(project, server):
    done = project("apply", "--yes", env={"FBSYNC_FINGERPRINT_KEY": SHORT})
    assert done.returncode == 3
    assert "fewer than 32 characters" in done.stderr
    assert SHORT not in done.stderr
    assert server.requests == []
    assert project("plan", env={"FBSYNC_FINGERPRINT_KEY": SHORT + "f"}).returncode == 0


@pytest.fixture
def without_scrypt(project, scrypt):
    project.write("no/sitecustomize.py", NO_SCRYPT)
    return {"PYTHONPATH": f"{project.folder}/no:{project.environment['PYTHONPATH']}"}


def test_no_scrypt_is_said_before_the_first_request(project, server, without_scrypt):
    done = project("apply", "--yes", env=without_scrypt)
    assert done.returncode == 1
    assert "does not allow scrypt" in done.stderr
    assert "FBSYNC_FINGERPRINT_KEY" in done.stderr
    assert server.requests == []
    assert not (project.folder / "fbsync.lock.journal").exists()


def test_a_fingerprint_key_is_the_way_out_where_there_is_no_scrypt(project, server, without_scrypt):
    project("apply", "--yes")
    keyed = without_scrypt | {"FBSYNC_FINGERPRINT_KEY": SHORT + "f"}
    assert project("apply", "--yes", env=keyed).returncode == 0
    assert project.lockfile["fingerprints"]["method"] == "hmac"
    writes = len(server.writes)
    assert project("apply", "--yes", env=keyed).returncode == 0
    assert len(server.writes) == writes


HEADER = {
    "journal": 2,
    "apiUrl": "https://api.example.com",
    "environment": None,
    "fingerprints": {"method": "scrypt", "salt": "A" * 22, "n": 4096},
}
INTENT = {"n": 1, "intent": "create", "workspaceId": "ws", "name": "A"}


@pytest.mark.parametrize(
    ("lines", "place", "words"),
    [
        ([{"journal": 1}], "fbsync.lock.journal", "format version 1, which this fbsync no longer supports"),
        ([{"journal": 2}], "fbsync.lock.journal:1:1", "apiUrl"),
        ([HEADER, INTENT | {"credentials": ["secret"]}], "fbsync.lock.journal:2:", "credentials"),
        ([HEADER, INTENT], "fbsync.lock.journal:2:", "credentials"),
        (
            [HEADER, INTENT | {"credentials": {"key": "KEY"}}],
            "fbsync.lock.journal:2",
            "neither a secret nor a stored key",
        ),
        ([HEADER, {"n": "1", "intent": "create"}], "fbsync.lock.journal:2:", "workspaceId"),
        ([HEADER, {"n": 1, "entry": {"name": "A"}}], "fbsync.lock.journal:2:", "endpoint"),
        ([HEADER | {"fingerprints": {"method": "scrypt", "n": 1 << 20}}], "fbsync.lock.journal:1:", "4096"),
        (["garbage"], "fbsync.lock.journal:1:1", "JSON"),
    ],
)
def test_a_journal_is_an_input(cli, lines, place, words):
    cli.write("fbsync.yaml", TWO_ENVIRONMENTS)
    text = "".join(f"{line if isinstance(line, str) else json.dumps(line)}\n" for line in lines)
    cli.write("fbsync.lock.journal", text)
    done = cli("plan")
    assert done.returncode == 3
    assert place in done.stderr
    assert words in done.stderr
    assert "--adopt" in done.stderr


def test_a_journal_that_is_none_is_a_finding_of_the_checkup(cli):
    cli.write("fbsync.yaml", TWO_ENVIRONMENTS)
    cli.write("fbsync.lock.journal", '{"journal":1}\n')
    done = cli("doctor")
    assert done.returncode == 3
    assert "fbsync.lock.journal: the journal has format version 1" in done.stdout


def test_a_journal_of_a_newer_fbsync_is_refused(cli):
    cli.write("fbsync.yaml", TWO_ENVIRONMENTS)
    cli.write("fbsync.lock.journal", '{"journal":9}\n')
    done = cli("plan")
    assert done.returncode == 3
    assert "newer than this fbsync supports" in done.stderr


def test_the_schema_of_the_journal_is_printed(cli):
    assert json.loads(cli("schema", "journal").stdout)["$id"] == "urn:fbsync:journal:2"


@pytest.fixture
def foreign(sandbox):
    """A configuration that somebody else made in another workspace: its id, and a function that looks it up."""
    headers = {"Authorization": f"Bearer {sandbox.token}"}
    place = {"workspaceId": SHARED_WORKSPACES[6]}
    fields = {"name": "Foreign", "aiType": "OPENAI", "endpoint": "https://theirs.example.com/v1", "secret": "made-up"}
    made = plain_http.post(f"{sandbox.url}/ai/llm", json=place | fields, headers=headers).json()["aiLlmId"]

    def now():
        rows = plain_http.get(f"{sandbox.url}/ai/llm", params=place, headers=headers).json()["aiLlms"]
        return next((row["endpoint"] for row in rows if row["id"] == made), None)

    yield made, now
    plain_http.delete(f"{sandbox.url}/ai/llm/{made}", headers=headers)


@pytest.mark.parametrize("words", [(), ("--prune",)])
def test_a_record_with_the_id_of_another_workspaces_configuration_does_not_reach_it(project, foreign, words):
    """A pull request can put any id into a lockfile, so an id must not lead to another workspace."""
    assert project("apply", "--yes").returncode == 0
    theirs, now = foreign
    value = project.lockfile
    value["llms"][0]["id"] = theirs
    project.write("fbsync.lock", json.dumps(value))
    text = (project.folder / "fbsync.yaml").read_text().replace("//one.", "//evil.")
    project.write("fbsync.yaml", text.partition("  - name: Two")[0] if words else text)
    project("apply", "--yes", *words)
    assert now() == "https://theirs.example.com/v1"
    if words:
        value["llms"][1]["id"] = theirs
        project.write("fbsync.lock", json.dumps(value))
        project("apply", "--yes", *words)
        assert now() == "https://theirs.example.com/v1"
