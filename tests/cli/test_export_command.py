"""``export``: the server's configurations become a manifest, and the next plan is empty."""

import json
import re
from urllib.request import Request, urlopen

import pytest
from cli_world import MANIFEST
from recorder import Reply

from fbsync.schema.validate import Kind, validate


@pytest.fixture
def put(server, workspace, cli):
    """Create a configuration on the server over plain HTTP; return its id."""

    own = cli.environment["FLASHBACK_TOKEN"]

    def put_it(name, *, url=None, token=None, **fields):
        body = {"name": name, "aiType": "OPENAI", "endpoint": "https://x.example.com", "secret": "canary-theirs"}
        request = Request(
            f"{url or server.url}/ai/llm",
            data=json.dumps(body | {"workspaceId": workspace} | fields).encode(),
            headers={
                "Authorization": f"Bearer {token or own}",
                "Content-Type": "application/json",
            },
        )
        with urlopen(request) as answer:
            return json.load(answer)["aiLlmId"]

    return put_it


@pytest.fixture
def export(cli, workspace):
    def export_it(*arguments):
        return cli("export", "--workspace", workspace, *arguments)

    return export_it


def is_empty(cli, *arguments, env=None):
    done = cli("plan", "--detailed-exitcode", *arguments, env=env)
    assert done.returncode in (0, 2), done.stderr
    return done.returncode == 0


def test_export_then_plan_is_empty_and_one_edit_is_one_update(cli, put, export, server, workspace):
    put("Production OpenAI")
    put("Bedrock", aiType="AWS", key="AKIA-theirs", endpoint="https://bedrock.example.com/$path")
    done = export()
    assert done.returncode == 0, done.stderr
    assert done.stdout == (
        "fbsync.yaml: written\nfbsync.schema.json: written\n.env.example: written\n.gitignore: written\n"
        "fbsync.lock: written\n"
        "Exported: 2 added, 0 already there, 0 left out.\n"
    )
    text = (cli.folder / "fbsync.yaml").read_text()
    assert f"workspaceId: {workspace}\n" in text
    assert "secret: $PRODUCTION_OPENAI_SECRET\n" in text
    assert "key: $BEDROCK_KEY\n" in text
    assert 'endpoint: "https://bedrock.example.com/$$path"' in text
    assert "theirs" not in text + (cli.folder / "fbsync.lock").read_text()
    example = (cli.folder / ".env.example").read_text()
    assert re.findall(r"^(\w+)=$", example, re.MULTILINE) == [
        *("FLASHBACK_TOKEN", "BEDROCK_KEY", "BEDROCK_SECRET", "PRODUCTION_OPENAI_SECRET"),
    ]
    assert is_empty(cli)
    assert is_empty(cli, "--refresh")
    assert cli("validate", "--strict").returncode == 0
    assert cli("drift").returncode == 0

    (cli.folder / "fbsync.yaml").write_text(text.replace("https://x.example.com", "https://y.example.com"))
    before = len(server.writes)
    assert cli("apply").returncode == 0
    assert [(request.method, request.body) for request in server.writes[before:]] == [
        ("PUT", {"endpoint": "https://y.example.com"})
    ]


class TestUnknownCredentials:
    @pytest.fixture
    def exported(self, cli, put, export):
        put("Chat")
        assert export().returncode == 0
        cli.credential("CHAT_SECRET", "canary-ours-7720")
        return cli

    def test_a_value_that_is_here_is_sent_and_then_known(self, exported, server):
        planned = exported("plan")
        assert "secret: $CHAT_SECRET (to be sent; not verified: the server's value is not recorded)" in planned.stdout
        before = len(server.writes)
        assert exported("apply").returncode == 0
        assert [request.body for request in server.writes[before:]] == [{"secret": "canary-ours-7720"}]
        assert is_empty(exported, "--refresh")

    def test_or_taken_for_what_the_server_holds(self, exported, server):
        before = len(server.writes)
        assert is_empty(exported, "--assume-secrets")
        planned = exported("plan", "--assume-secrets").stdout
        assert "1 of 1 credential was not compared: assumed to match the server" in planned
        assert exported("apply", "--assume-secrets").returncode == 0
        assert len(server.writes) == before
        assert exported.lockfile["llms"][0]["secret"]["fingerprint"]
        assert is_empty(exported)
        exported.credential("CHAT_SECRET", "canary-rotated-33")
        assert not is_empty(exported)

    def test_a_saved_plan_knows_that_it_is_sent(self, exported, server):
        assert exported("plan", "--out", "reviewed.json").returncode == 0
        assert validate(Kind.PLAN, json.loads((exported.folder / "reviewed.json").read_text())) == ()
        before = len(server.writes)
        assert exported("apply", "reviewed.json").returncode == 0
        assert len(server.writes) == before + 1

    def test_state_says_that_it_is_not_known(self, exported):
        assert "$CHAT_SECRET (no fingerprint" in exported("state", "show", "Chat").stdout


class TestMerging:
    def test_what_is_there_stays_and_the_rest_is_added(self, project, put, export, server):
        text = "# ours\n" + MANIFEST + "\n# the end"
        project.write("fbsync.yaml", text)
        assert project("apply").returncode == 0
        lock = project.lockfile
        put("Three")
        done = export()
        assert done.returncode == 0, done.stderr
        assert done.stdout == (
            "fbsync.yaml: lines added\n.env.example: written\n.gitignore: written\nfbsync.lock: lines added\n"
            "Exported: 1 added, 2 already there, 0 left out.\n"
        )
        after = (project.folder / "fbsync.yaml").read_text()
        assert after.startswith("# ours\n" + MANIFEST)
        assert after.endswith("\n\n# the end")
        assert [llm for llm in project.lockfile["llms"] if llm["name"] != "Three"] == lock["llms"]
        assert is_empty(project, "--refresh")
        again = export()
        assert again.stdout.startswith(
            "fbsync.yaml: unchanged\n.env.example: unchanged\n.gitignore: unchanged\nExported: 0 added, 3"
        )

    def test_an_entry_that_only_the_manifest_knows_is_known_from_then_on(self, project, put, export):
        put("One", endpoint="https://one.example.com/v1")
        assert export().returncode == 0
        assert [llm["secret"]["reference"] for llm in project.lockfile["llms"]] == ["SECRET_ONE"]
        planned = project("plan", env={"SECRET_ONE": None})
        assert "Plan: 1 to add, 0 to change" in planned.stdout

    def test_what_the_server_has_otherwise_is_said_and_not_taken_over(self, project, put, export):
        put("One", endpoint="https://other.example.com")
        before = (project.folder / "fbsync.yaml").read_text()
        done = export()
        assert "note: One differs from the manifest" in done.stderr
        assert (project.folder / "fbsync.yaml").read_text() == before
        assert "other.example.com" in project("plan").stdout

    def test_what_is_json_stays_json(self, cli, put, export, workspace):
        put("Chat")
        cli.write("fbsync.yaml", json.dumps({"version": 1, "workspaceId": workspace, "llms": []}))
        assert export().returncode == 0
        assert [llm["name"] for llm in json.loads((cli.folder / "fbsync.yaml").read_text())["llms"]] == ["Chat"]
        assert is_empty(cli, "--refresh")

    def test_a_broken_manifest_is_left_alone(self, cli, put, export):
        put("Chat")
        cli.write("fbsync.yaml", "version: 1\nllms: [\n")
        assert export().returncode == 3
        assert (cli.folder / "fbsync.yaml").read_text() == "version: 1\nllms: [\n"


def test_what_a_manifest_cannot_express_is_left_out_and_said(cli, put, export, server, workspace):
    put("Chat")
    rows = [
        {"id": "1", "name": "Good", "workspaceId": workspace, "aiType": "OTHER", "endpoint": "https://x.example.com"},
        {"id": "2", "name": "Type", "workspaceId": workspace, "aiType": "AZURE", "endpoint": "https://x.example.com"},
        {"id": "3", "name": "End", "workspaceId": workspace, "aiType": "OTHER", "endpoint": "ftp://x"},
        {
            "id": "4",
            "name": "Line\nbreak",
            "workspaceId": workspace,
            "aiType": "OTHER",
            "endpoint": "https://x.example.com",
        },
        {"id": "5", "name": "Twin", "workspaceId": workspace, "aiType": "OTHER", "endpoint": "https://x.example.com"},
        {"id": "6", "name": "Twin", "workspaceId": workspace, "aiType": "OTHER", "endpoint": "https://x.example.com"},
        {"id": "7", "name": "None", "workspaceId": workspace, "aiType": None, "endpoint": None},
    ]
    server.replies = lambda request: Reply(body={"success": True, "aiLlms": rows}) if request.method == "GET" else None
    done = export("--format", "json")
    assert done.returncode == 5
    document = json.loads(done.stdout)
    assert validate(Kind.RESULT, document) == ()
    assert {entry["id"]: entry["outcome"] for entry in document["entries"]} == {"1": "exported"} | dict.fromkeys(
        "234567", "left_out"
    )
    assert "warning: left out: Line\\nbreak (workspace" in done.stderr
    assert "2 configurations with this name" in done.stderr
    assert [llm["name"] for llm in cli.lockfile["llms"]] == ["Good"]


def test_after_a_run_that_was_cut_off_apply_comes_first(project, server, export):
    server.replies = lambda request: Reply(status=404) if request.method == "GET" else Reply(status=502)
    assert project("apply").returncode == 5
    server.replies = lambda request: None
    done = export()
    assert done.returncode == 1
    assert "run `fbsync apply` first" in done.stderr


@pytest.mark.thorough
def test_two_hundred_configurations_in_twelve_workspaces(tmp_path, put):
    """After an export of what another client made, the plan is empty, and one edit makes one update."""
    import os

    import fbsync_process
    from sandboxes import running

    from fbsync.sandbox.options import SandboxOptions

    workspaces = tuple(f"ws-{at:02}" for at in range(12))
    with running(SandboxOptions(workspaces=workspaces)) as box:
        for at in range(200):
            kind = ("OPENAI", "GOOGLE", "ANTHROPIC", "AWS", "OTHER")[at % 5]
            key = {"key": f"AKIA{at}"} if kind == "AWS" else {}
            put(f"Model {at // 12}", url=box.url, token=box.token, workspaceId=workspaces[at % 12], aiType=kind, **key)

        def fbsync(*arguments):
            environment = {"PATH": os.environ["PATH"], "HOME": str(tmp_path)}
            environment |= {"FLASHBACK_API_URL": box.url, "FLASHBACK_TOKEN": box.token}
            return fbsync_process.run(*arguments, cwd=tmp_path, env=environment)

        done = fbsync("export")
        assert done.returncode == 0, done.stderr
        assert done.stdout.endswith("Exported: 200 added, 0 already there, 0 left out.\n")
        assert fbsync("plan", "--refresh", "--detailed-exitcode").returncode == 0
        manifest = tmp_path / "fbsync.yaml"
        manifest.write_text(manifest.read_text().replace("https://x.example.com", "https://y.example.com", 1))
        changed = fbsync("apply", "--yes")
        assert changed.returncode == 0, changed.stderr
        assert "Resources: 0 added, 1 changed, 0 destroyed. 199 unchanged." in changed.stdout


ENVIRONMENTS = """version: 1
workspaceId: $WS
llms:
  - name: Chat
    aiType: OTHER
    endpoint: https://x.example.com
    secret: $CHAT
environments:
  staging:
    workspaceId: $STAGING
    llms:
      Chat: {secret: $STAGING_CHAT}
"""


class TestWhatIsDeclaredAlready:
    """A configuration that the manifest or the lockfile already has is not added again."""

    @pytest.fixture
    def lists(self, server):
        """Make the server list rows of id, name and workspace."""

        def lists_them(*rows):
            fixed = {"aiType": "OTHER", "endpoint": "https://x.example.com", "key": None}
            listed = [{"id": at, "name": name, "workspaceId": workspace} | fixed for at, name, workspace in rows]
            server.replies = lambda request: (
                Reply(body={"success": True, "aiLlms": listed}) if request.method == "GET" else None
            )

        return lists_them

    @pytest.fixture
    def ours(self, cli):
        cli.environment |= {"WS": "ws-a", "STAGING": "ws-b"}
        cli.write("fbsync.yaml", ENVIRONMENTS)
        return cli

    def names(self, cli):
        return re.findall(r"^  - name: (.*)$", (cli.folder / "fbsync.yaml").read_text(), re.MULTILINE)

    def test_in_a_workspace_that_only_a_variable_tells(self, ours, lists):
        lists(("1", "Chat", "ws-a"))
        done = ours("export", env={"WS": None})
        assert done.returncode == 3
        assert "$WS is not set, and workspaceId needs it" in done.stderr
        assert not (ours.folder / "fbsync.lock").exists()

    def test_in_another_environment(self, ours, lists):
        lists(("1", "Chat", "ws-a"), ("2", "Chat", "ws-b"))
        assert ours("export", env={"STAGING": None}).returncode == 3
        done = ours("export")
        assert done.stdout.endswith("Exported: 0 added, 2 already there, 0 left out.\n")
        assert (ours.folder / "fbsync.yaml").read_text() == ENVIRONMENTS
        assert [llm["id"] for llm in ours.lockfile["llms"]] == ["1"]
        assert ours("export", "--workspace", "ws-a", env={"STAGING": None}).returncode == 0

    def test_by_its_former_name(self, ours, lists):
        lists(("1", "Chat", "ws-a"))
        text = ENVIRONMENTS.partition("environments")[0].replace("name: Chat", "name: Talk\n    previousName: Chat")
        ours.write("fbsync.yaml", text)
        done = ours("export")
        assert "note: Talk differs" in done.stderr
        assert self.names(ours) == ["Talk"]
        assert "name:   Chat → Talk" in ours("plan", "--refresh").stdout

    def test_renamed_outside(self, ours, lists):
        lists(("1", "Chat", "ws-a"))
        assert ours("export").returncode == 0
        lists(("1", "Chatter", "ws-a"))
        assert "note: Chat differs" in ours("export").stderr
        assert self.names(ours) == ["Chat"]
        assert "Plan: 0 to add, 1 to change" in ours("plan", "--refresh").stdout

    def test_replaced_outside_is_left_for_apply_to_adopt(self, ours, lists):
        lists(("1", "Chat", "ws-a"))
        assert ours("export").returncode == 0
        known = ours.lockfile
        lists(("2", "Chat", "ws-a"))
        assert "note: Chat differs" in ours("export").stderr
        assert ours.lockfile == known

    def test_known_and_no_longer_declared_is_declared_as_it_is_now(self, ours, lists):
        lists(("1", "Chat", "ws-a"), ("2", "Gone", "ws-a"))
        assert ours("export").returncode == 0
        ours.write("fbsync.yaml", ENVIRONMENTS)
        lists(("1", "Chat", "ws-a"), ("2", "Back", "ws-a"))
        assert ours("export").returncode == 0
        assert self.names(ours) == ["Chat", "Back"]
        assert "secret: $GONE_SECRET" in (ours.folder / "fbsync.yaml").read_text()
        assert is_empty(ours, "--refresh")


class TestFilesThatAreInTheWay:
    def test_what_was_written_before_a_failure_is_said_and_gone_on_from(self, cli, put, export):
        put("Chat")
        (cli.folder / ".env.example").mkdir()
        done = export()
        assert done.returncode == 1
        assert "already done: fbsync.yaml (written)" in done.stderr
        (cli.folder / ".env.example").rmdir()
        assert export().returncode == 0
        assert "CHAT_SECRET=\n" in (cli.folder / ".env.example").read_text()
        assert is_empty(cli, "--refresh")

    def test_a_folder_is_no_manifest(self, cli):
        done = cli("export", "-f", ".")
        assert done.returncode == 64

    def test_an_edit_meanwhile_is_not_lost(self, project, put, export, server):
        put("Three")
        edited = MANIFEST + "# an edit\n"

        def edit(request):
            if request.method == "GET":
                project.write("fbsync.yaml", edited)

        server.replies = edit
        done = export()
        assert done.returncode == 1
        assert "fbsync.yaml was changed while fbsync read the server" in done.stderr
        assert (project.folder / "fbsync.yaml").read_text() == edited

    def test_a_byte_order_mark_stays(self, project, put, export):
        put("Three")
        before = b"\xef\xbb\xbf" + MANIFEST.encode()
        (project.folder / "fbsync.yaml").write_bytes(before)
        assert export().returncode == 0
        assert (project.folder / "fbsync.yaml").read_bytes().startswith(before)


def test_what_is_declared_again_keeps_its_protection(project, export):
    project.write("fbsync.yaml", MANIFEST.replace("name: Two", "name: Two\n    protect: true"))
    assert project("apply").returncode == 0
    project.write("fbsync.yaml", MANIFEST[: MANIFEST.index("  - name: Two")])
    assert export().returncode == 0
    assert "    protect: true\n" in (project.folder / "fbsync.yaml").read_text()
    assert is_empty(project, "--refresh")
    assert project.lockfile["llms"][1]["protect"] is True


def test_a_new_manifest_names_a_schema_for_editors_that_is_there(cli, put, export):
    """As after `init`, an editor completes and checks the manifest. A manifest that existed keeps its first line."""
    put("Chat")
    assert "fbsync.schema.json: written" in export().stdout
    assert (cli.folder / "fbsync.yaml").read_text().startswith("# yaml-language-server: $schema=fbsync.schema.json\n")
    assert (cli.folder / "fbsync.schema.json").read_text() == cli("schema").stdout
    cli.write("fbsync.schema.json", "{}")
    put("Search")
    assert "fbsync.schema.json: unchanged" in export().stdout
    cli.write("own/mine.yaml", "version: 1\nllms: []\n")
    assert export("-f", "own/mine.yaml").returncode == 0
    assert not (cli.folder / "own" / "fbsync.schema.json").exists()


def test_git_ignores_what_is_local(cli, put, export):
    put("Chat")
    cli.write(".gitignore", "*.pyc\n")
    assert export().returncode == 0
    text = (cli.folder / ".gitignore").read_text()
    assert text.startswith("*.pyc\n.env\n")
    assert "*.lock.journal\n" in text
    assert export().returncode == 0
    assert (cli.folder / ".gitignore").read_text() == text


@pytest.mark.parametrize("name", ["Chat 🚀", "模型 𠮷", "👩\u200d💻 family", 'quote " and \\'])
def test_characters_stay_as_they_are(cli, put, export, name):
    put(name)
    assert export().returncode == 0
    text = (cli.folder / "fbsync.yaml").read_text()
    assert (name in text) is ("quote" not in name)
    assert is_empty(cli, "--refresh")


def test_what_nobody_can_see_is_escaped(cli, put, export):
    put("left\u202eright")
    assert export().returncode == 0
    assert "left\\u202Eright" in (cli.folder / "fbsync.yaml").read_text()
    assert is_empty(cli, "--refresh")


def test_a_key_that_the_server_may_not_show_is_a_comment(cli, put, export):
    put("Bedrock", aiType="AWS")
    put("Other", aiType="OTHER")
    assert export().returncode == 0
    path = cli.folder / "fbsync.yaml"
    assert "    # key: $BEDROCK_KEY\n    secret: $BEDROCK_SECRET\n" in path.read_text()
    assert path.read_text().count("key:") == 1
    assert is_empty(cli, "--refresh")
    path.write_text(path.read_text().replace("# key:", "key:"))
    assert cli("validate").returncode == 0
    assert "$BEDROCK_KEY" in cli("plan").stdout


class TestWorkspacesByName:
    @pytest.fixture
    def listed(self, server, workspace):
        def answer(*pairs, status=200):
            body = {"success": status == 200, "workspaces": [{"id": id_, "name": name} for id_, name in pairs]}
            server.replies = lambda request: Reply(status=status, body=body) if request.path == "/workspace" else None

        return answer

    def test_a_name(self, cli, put, listed, workspace):
        put("Chat")
        listed((workspace, "Research"), ("ws-2", "Other"))
        assert cli("export", "--workspace", "Research").returncode == 0
        assert f"workspaceId: {workspace}\n" in (cli.folder / "fbsync.yaml").read_text()

    def test_an_id_that_is_anothers_name(self, cli, put, listed, workspace):
        put("Chat")
        listed((workspace, "Research"), ("ws-2", workspace))
        assert cli("export", "--workspace", workspace).returncode == 0
        assert "- name: Chat" in (cli.folder / "fbsync.yaml").read_text()

    def test_a_name_that_is_none(self, cli, listed, workspace):
        listed((workspace, "Research"), ("ws-2", "Other"))
        done = cli("export", "--workspace", "Reserch")
        assert done.returncode == 3
        assert 'cannot see a workspace with the id or name "Reserch"' in done.stderr
        assert 'did you mean "Research"? `fbsync workspaces` lists' in done.stderr
        assert not (cli.folder / "fbsync.yaml").exists()

    def test_a_name_of_several(self, cli, listed):
        listed(("ws-2", "Same"), ("ws-1", "Same"))
        done = cli("export", "--workspace", "Same")
        assert done.returncode == 3
        assert '2 workspaces are named "Same": ws-1, ws-2' in done.stderr

    @pytest.mark.parametrize("status", [403, 404, 405])
    def test_a_server_that_lists_none_takes_ids(self, cli, put, export, listed, status):
        put("Chat")
        listed(status=status)
        assert export().returncode == 0
        assert "- name: Chat" in (cli.folder / "fbsync.yaml").read_text()


ROW = {"id": "x", "name": "Chat", "aiType": "OPENAI", "endpoint": "https://x.example.com", "key": None}
LEFT_OUT = [
    ({"endpoint": None, "apiKeyId": "uuid-7"}, "the id of its stored key on the server is not a uuid"),
    ({"endpoint": None}, "the server shows no endpoint, which an entry needs"),
    ({"aiType": None}, "the server shows no type, which an entry needs"),
]


@pytest.mark.parametrize(("fields", "reason"), LEFT_OUT)
def test_what_is_left_out_is_said_with_the_reason(cli, server, export, workspace, fields, reason):
    rows = [ROW | {"workspaceId": workspace} | fields, ROW | {"workspaceId": workspace, "id": "y", "name": "Other"}]
    body = {"success": True, "aiLlms": rows}
    server.replies = lambda request: Reply(body=body) if request.path.startswith("/ai/llm") else None
    done = export()
    assert done.returncode == 5
    assert f"warning: left out: Chat (workspace {workspace}, id x): {reason}" in done.stderr
    assert "blanks" not in done.stderr
    assert "Exported: 1 added, 0 already there, 1 left out." in done.stdout
    document = json.loads(export("--format", "json").stdout)
    assert validate(Kind.RESULT, document) == ()
    (left,) = [entry for entry in document["entries"] if entry["outcome"] == "left_out"]
    assert left["error"]["message"].startswith(reason)


def test_what_it_exports_belongs_to_the_manifest_that_it_wrote(cli, put, export, workspace):
    """Another manifest with the same lockfile leaves it alone, also when it prunes."""
    put("Theirs")
    assert export("-f", "theirs.yaml", "--lock-file", "fbsync.lock").returncode == 0
    assert [entry["manifest"] for entry in cli.lockfile["llms"]] == ["theirs.yaml"]
    entry = "{name: Ours, aiType: OTHER, endpoint: https://x.example.com, secret: $OURS}"
    cli.write("ours.yaml", f"version: 1\nworkspaceId: {workspace}\nllms: [{entry}]\n")
    plan = cli("plan", "-f", "ours.yaml", "--lock-file", "fbsync.lock", "--prune")
    assert "1 to add, 0 to change, 0 to destroy" in plan.stdout
    assert "1 known entry is declared elsewhere" in plan.stdout
    cli.write("theirs.yaml", f"version: 1\nworkspaceId: {workspace}\nllms: []\n")
    plan = cli("plan", "-f", "theirs.yaml", "-f", "ours.yaml", "--lock-file", "fbsync.lock", "--prune")
    assert "1 to add, 0 to change, 1 to destroy" in plan.stdout
