"""``drift --accept``: keep an outside change by writing it into the manifest."""

import json

import plain_http
import pytest
from cli_world import MANIFEST

from fbsync.schema.validate import Kind, validate


@pytest.fixture
def drifted(project, sandbox, on_server):
    """Two applied entries. Somebody changed one of them; `change` changes more."""
    project.write("fbsync.yaml", MANIFEST.replace("https://one.example.com/v1", "'https://one.example.com/v1'  # ours"))
    assert project("apply").returncode == 0
    headers = {"Authorization": f"Bearer {sandbox.token}"}

    def change(entry, /, **fields):
        plain_http.put(
            f"{sandbox.url}/ai/llm/{on_server()[entry]['id']}", json=fields, headers=headers
        ).raise_for_status()

    project.change = change
    change("One", endpoint="https://moved.example.com/v2", aiType="OTHER")
    return project


def manifest(project):
    return (project.folder / "fbsync.yaml").read_text()


def test_the_servers_values_are_taken_over_and_nothing_else_changes(drifted, server):
    before, writes = manifest(drifted), len(server.writes)
    done = drifted("drift", "--accept", "One")
    assert done.returncode == 0, done.stderr
    assert "fbsync.yaml:6:15: endpoint of One: https://one.example.com/v1 → https://moved.example.com/v2" in done.stdout
    assert manifest(drifted) == before.replace("'https://one.example.com/v1'", "https://moved.example.com/v2").replace(
        "OPENAI", "OTHER"
    )
    assert "0 to change" in drifted("plan", "--refresh").stdout or "No changes" in drifted("plan", "--refresh").stdout
    assert drifted("apply").returncode == 0
    assert len(server.writes) == writes
    assert drifted("drift").returncode == 0


def test_a_name_is_kept_with_the_one_before(drifted, server):
    drifted.change("Two", name="Zwei")
    writes = len(server.writes)
    done = drifted("drift", "--accept", "T*", "--format", "json")
    assert done.returncode == 2, done.stderr
    document = json.loads(done.stdout)
    assert validate(Kind.RESULT, document) == ()
    assert [(one["field"], one["before"], one["after"]) for one in document["accepted"]] == [("name", "Two", "Zwei")]
    assert "  - name: Zwei\n    previousName: Two\n" in manifest(drifted)
    assert drifted("apply", "--only", "Zwei").returncode == 0
    assert len(server.writes) == writes


@pytest.mark.parametrize(
    ("arguments", "said", "code"),
    [
        (["--accept", "Nobody"], "nothing with this name differs", 3),
        (["--accept", "Two"], "nothing with this name differs", 3),
        (["--accept", "One", "--format", "html"], "--format text or json", 64),
        (["--accept", "One", "--all-environments"], "--accept", 64),
    ],
)
def test_what_cannot_be_accepted_is_said_and_nothing_is_written(drifted, arguments, said, code):
    before = manifest(drifted)
    done = drifted("drift", *arguments)
    assert (done.returncode, manifest(drifted)) == (code, before)
    assert said in done.stderr


def test_references_are_not_lost(drifted):
    text = manifest(drifted).replace("'https://one.example.com/v1'", "$ENDPOINT_OF_ONE")
    drifted.write("fbsync.yaml", text)
    drifted.environment["ENDPOINT_OF_ONE"] = "https://one.example.com/v1"
    done = drifted("drift", "--accept", "One")
    assert (done.returncode, manifest(drifted)) == (3, text)
    assert "its endpoint has references" in done.stderr


def test_what_environments_share_is_not_changed_for_one(project, sandbox, on_server):
    text = MANIFEST + "environments:\n  staging: {llms: {Two: {endpoint: https://two.example.com/staging}}}\n"
    project.write("fbsync.yaml", text)
    assert project("apply", "-e", "staging").returncode == 0
    headers = {"Authorization": f"Bearer {sandbox.token}"}
    for row in on_server().values():
        path = f"{sandbox.url}/ai/llm/{row['id']}"
        plain_http.put(path, json={"endpoint": "https://moved.example.com"}, headers=headers).raise_for_status()
    done = project("drift", "-e", "staging", "--accept", "One")
    assert (done.returncode, manifest(project)) == (3, text)
    assert "which other environments share" in done.stderr
    assert project("drift", "-e", "staging", "--accept", "Two").returncode == 2
    assert manifest(project) == text.replace("https://two.example.com/staging", "https://moved.example.com")


def kept(project, *arguments):
    """How drift says to keep each difference, and why --accept refuses one."""
    document = json.loads(project("drift", "--format", "json", *arguments).stdout)
    assert validate(Kind.RESULT, document) == ()
    return {one["name"]: one["keep"] for one in document["drift"]["entries"]}


def test_what_keeps_a_value_of_references_is_to_set_them(drifted):
    drifted.write("fbsync.yaml", manifest(drifted).replace("'https://one.example.com/v1'", "https://$HOST_OF_ONE/v1"))
    drifted.environment["HOST_OF_ONE"] = "one.example.com"
    hint = "set $HOST_OF_ONE so that endpoint is https://moved.example.com/v2, and run `fbsync apply`"
    assert kept(drifted) == {"One": hint}
    assert hint in drifted("drift").stdout
    assert hint in drifted("drift", "--accept", "One").stderr


def test_what_keeps_a_key_is_told_and_works(drifted, server):
    drifted("apply", "--allow-host-change")
    drifted.change("One", key="a-key-of-theirs")
    hint = "declare key with a variable that has the server's key, and run `fbsync apply`"
    assert kept(drifted) == {"One": hint}
    refused = drifted("drift", "--accept", "One")
    assert refused.returncode == 3
    assert "One: the server never shows its key" in refused.stderr
    assert hint in refused.stderr
    secret = "secret: $SECRET_ONE\n"
    drifted.write("fbsync.yaml", manifest(drifted).replace(secret, f"{secret}    key: $KEY_ONE\n"))
    drifted.credential("KEY_ONE", "a-key-of-theirs")
    assert drifted("apply").returncode == 0
    assert drifted("drift").returncode == 0


def test_a_key_that_is_gone_is_kept_by_taking_its_line_out(drifted, server):
    drifted("apply", "--allow-host-change")
    drifted.change("Two", key=None)
    assert kept(drifted) == {"Two": "fbsync drift --accept Two"}
    before = manifest(drifted)
    done = drifted("drift", "--accept", "Two")
    assert done.returncode == 0, done.stderr
    assert "key of Two: a key → none" in done.stdout
    assert manifest(drifted) == before.replace("    key: $KEY_TWO\n", "")
    writes = len(server.writes)
    assert drifted("apply").returncode == 0
    assert drifted("drift").returncode == 0
    assert len(server.writes) == writes


@pytest.fixture
def call(sandbox, on_server):
    """Call the server as somebody else does."""

    def called(method, name, **body):
        headers = {"Authorization": f"Bearer {sandbox.token}"}
        url = f"{sandbox.url}/ai/llm/{on_server()[name]['id']}"
        plain_http.request(method, url, json=body or None, headers=headers).raise_for_status()

    return called


def test_a_deletion_is_kept_by_taking_the_entry_out(drifted, call, on_server):
    call("DELETE", "Two")
    assert kept(drifted, "--only", "Two") == {"Two": "fbsync drift --accept Two"}
    before = manifest(drifted)
    done = drifted("drift", "--accept", "Two")
    assert done.returncode == 2, done.stderr
    assert "Two: declared → none" in done.stdout
    assert "Run `fbsync apply --prune --only Two` to record this in the lockfile." in done.stdout
    assert manifest(drifted) == before.split("  - name: Two")[0]
    assert drifted("apply", "--prune", "--only", "Two").returncode == 0
    assert drifted("drift", "--only", "One").returncode == 2
    assert [entry["name"] for entry in drifted.lockfile["llms"]] == ["One"]
    assert set(on_server()) == {"One"}


def test_a_deletion_and_a_change_at_once_as_json(drifted, call):
    call("DELETE", "Two")
    done = drifted("drift", "--accept", "*", "--format", "json")
    assert done.returncode == 0, done.stderr
    document = json.loads(done.stdout)
    assert validate(Kind.RESULT, document) == ()
    assert [(one["name"], one["field"], one["after"]) for one in document["accepted"]] == [
        ("One", "aiType", "OTHER"),
        ("One", "endpoint", "https://moved.example.com/v2"),
        ("Two", None, "none"),
    ]
    assert drifted("apply", "--prune").returncode == 0
    assert drifted("drift").returncode == 0


@pytest.mark.parametrize(
    ("environments", "arguments", "hint"),
    [
        ("environments: {staging: {llms: {Two: {aiType: OTHER}}}}\n", (), "and from its environments"),
        (
            "environments: {staging: {}}\n",
            ("-e", "staging"),
            'write "Two: null" under environments: staging: llms, then apply it with --prune',
        ),
    ],
)
def test_an_entry_that_environments_share_is_not_taken_out(project, call, environments, arguments, hint):
    text = MANIFEST + environments
    project.write("fbsync.yaml", text)
    assert project("apply", *arguments).returncode == 0
    call("DELETE", "Two")
    assert hint in kept(project, *arguments)["Two"]
    refused = project("drift", "--accept", "Two", *arguments)
    assert (refused.returncode, manifest(project)) == (3, text)
    assert hint in refused.stderr


def test_the_only_entry_is_not_taken_out(project, call):
    text = MANIFEST[: MANIFEST.index("  - name: Two")]
    project.write("fbsync.yaml", text)
    assert project("apply").returncode == 0
    call("DELETE", "One")
    assert kept(project) == {"One": "change the manifest by hand"}
    assert project("drift", "--accept", "One").returncode == 3
    assert manifest(project) == text


def test_a_replacement_is_kept_with_its_values(drifted, sandbox, workspace, call, on_server):
    call("DELETE", "Two")
    body = {"name": "Two", "aiType": "OPENAI", "endpoint": "https://theirs.example.com", "secret": "theirs"}
    headers = {"Authorization": f"Bearer {sandbox.token}"}
    made = plain_http.post(f"{sandbox.url}/ai/llm", json=body | {"workspaceId": workspace}, headers=headers).json()
    assert kept(drifted, "--only", "Two") == {"Two": "fbsync drift --accept Two, then fbsync apply --adopt --only Two"}
    done = drifted("drift", "--accept", "Two")
    assert done.returncode == 2, done.stderr
    assert "Run `fbsync apply --adopt --only Two` to record this in the lockfile." in done.stdout
    assert "https://theirs.example.com" in manifest(drifted)
    assert drifted("apply", "--adopt", "--only", "Two").returncode == 0
    assert on_server()["Two"]["id"] == made["aiLlmId"]
    assert drifted("drift", "--only", "Two").returncode == 0


def renamed(project, on_server):
    """The first entry, renamed in the manifest and not applied yet."""
    text = manifest(project).replace("  - name: One\n", "  - name: First\n    previousName: One\n")
    project.write("fbsync.yaml", text)
    return text


def test_a_rename_that_is_not_applied_yet_is_no_undeclared_entry(drifted, server, on_server):
    renamed(drifted, on_server)
    (entry,) = json.loads(drifted("drift", "--format", "json").stdout)["drift"]["entries"]
    assert entry["name"] == "One"
    assert entry["undo"] == "fbsync apply --only First --allow-host-change, which also renames it"
    assert entry["keep"] == "fbsync drift --accept One"
    for format_ in ("text", "markdown", "html"):
        assert "which also renames it" in drifted("drift", "--format", format_).stdout


def test_what_keeps_the_values_of_one_to_be_renamed_works(drifted, server, on_server):
    text = renamed(drifted, on_server)
    assert drifted("drift", "--accept", "One").returncode == 0
    moved = text.replace("'https://one.example.com/v1'", "https://moved.example.com/v2").replace("OPENAI", "OTHER")
    assert manifest(drifted) == moved
    assert drifted("apply").returncode == 0
    assert server.writes[-1].body == {"name": "First"}
    assert drifted("drift").returncode == 0


def test_what_undoes_it_works_and_renames(drifted, server, on_server):
    renamed(drifted, on_server)
    assert drifted("apply", "--only", "First", "--allow-host-change").returncode == 0
    assert server.writes[-1].body["name"] == "First"
    assert drifted("drift").returncode == 0


def test_a_deletion_of_one_to_be_renamed_names_it_as_it_is_declared(drifted, sandbox, on_server):
    renamed(drifted, on_server)
    headers = {"Authorization": f"Bearer {sandbox.token}"}
    plain_http.delete(f"{sandbox.url}/ai/llm/{on_server()['One']['id']}", headers=headers).raise_for_status()
    (entry,) = json.loads(drifted("drift", "--format", "json").stdout)["drift"]["entries"]
    assert entry["undo"] == "fbsync apply --only First, which recreates it"
    assert drifted("apply", "--only", "First").returncode == 0
    assert set(on_server()) == {"First", "Two"}


QUOTED = """\
version: 1
workspaceId: $FLASHBACK_WORKSPACE_ID
llms:
  # the first one
  - name: 'It''s "quoted" [x]'   # its name
    endpoint: https://quoted.example.com/v1   # its place
    aiType: OPENAI
    secret: $SECRET_ONE
  - {name: Last, aiType: OPENAI, endpoint: "https://last.example.com", secret: $SECRET_ONE}
"""


@pytest.fixture
def folder(drifted):
    """A folder of two manifests. Somebody changed one entry of each; neither manifest owns the other's entries."""
    (drifted.folder / "more").mkdir()
    drifted.write("more/a.yaml", MANIFEST.replace("name: ", "name: More "))
    drifted.write("more/b.yaml", QUOTED)
    assert drifted("apply", "-f", "more").returncode == 0
    drifted.change('It\'s "quoted" [x]', endpoint="https://moved.example.com/quite/another/length")
    drifted.change("More One", endpoint="https://moved.example.com/v3")
    return drifted


def test_an_entry_of_a_second_file_with_an_odd_name(folder):
    first = (folder.folder / "more" / "a.yaml").read_text()
    done = folder("drift", "-f", "more", "--accept", 'It\'s "quoted" [x]', "--accept", "It*", "--accept", "It*[[]x]")
    assert done.returncode == 2, done.stderr  # the other manifest is unchanged
    assert done.stdout.count("endpoint of It's") == 1
    assert (folder.folder / "more" / "a.yaml").read_text() == first
    moved = QUOTED.replace("quoted.example.com/v1", "moved.example.com/quite/another/length")
    assert (folder.folder / "more" / "b.yaml").read_text() == moved


def test_a_pattern_passes_over_what_is_no_drift(folder):
    done = folder("drift", "-f", "more", "--accept", "*")
    assert done.returncode == 0, done.stderr
    assert "Two:" not in done.stdout
    assert folder("apply", "-f", "more").returncode == 0
    assert folder("drift", "-f", "more").returncode == 0
    refused = folder("drift", "-f", "more", "--accept", "T*")
    assert refused.returncode == 3
    assert "Two: none of its values changed" in refused.stderr


def test_a_name_that_is_nearly_one_is_pointed_out(drifted):
    done = drifted("drift", "--accept", "one")
    assert done.returncode == 3
    assert "did you mean 'One'?" in done.stderr


@pytest.mark.parametrize("format_", ["text", "markdown", "html"])
def test_what_the_manifest_says_by_now_is_recorded_and_not_undone(drifted, server, format_):
    assert drifted("drift", "--accept", "One").returncode == 0
    shown = drifted("drift", "--format", format_)
    assert shown.returncode == 2
    assert "change the manifest back and apply" in shown.stdout
    assert "fbsync apply --only One, which records it" in shown.stdout
    assert "--allow-host-change" not in shown.stdout
    again = drifted("drift", "--accept", "One")
    assert again.returncode == 3
    assert "the manifest has the server's values already" in again.stderr
    writes = len(server.writes)
    assert drifted("apply", "--only", "One").returncode == 0
    assert len(server.writes) == writes
    assert drifted("drift").returncode == 0
