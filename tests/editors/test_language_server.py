"""The manifest's schema in editors: the real yaml-language-server on examples and on cases, good and bad."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest
from language_server import LanguageServer

from fbsync.manifest.assemble import assemble
from fbsync.strict_yaml.loader import parse_document

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
SCHEMA = ROOT / "schemas" / "fbsync.schema.json"
EXAMPLES = sorted((ROOT / "examples").rglob("*.yaml"))
PROVIDERS = {"OPENAI", "GOOGLE", "ANTHROPIC", "AWS", "OTHER"}
MODELINE = f"# yaml-language-server: $schema={SCHEMA.as_uri()}\n"
HEAD = MODELINE + "version: 1\nworkspaceId: ws-1\nllms:\n"

pytestmark = [pytest.mark.editors, pytest.mark.thorough]


@pytest.fixture(scope="session")
def program(tmp_path_factory):
    """The language server's program, installed from the registry as package-lock.json pins it."""
    if not (shutil.which("node") and shutil.which("npm")):
        pytest.skip("node and npm are not installed")
    folder = tmp_path_factory.mktemp("language-server")
    for name in ("package.json", "package-lock.json"):
        shutil.copy(HERE / name, folder)
    command = ["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--fetch-retries=0", "--fetch-timeout=20000"]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    if done.returncode:
        assert any(
            word in done.stderr for word in ("ENOTFOUND", "ETIMEDOUT", "ECONNREFUSED", "EAI_AGAIN", "network")
        ), done.stderr
        pytest.skip("npm's registry cannot be reached")
    return folder / "node_modules" / "yaml-language-server" / "bin" / "yaml-language-server"


@pytest.fixture(scope="module")
def server(program):
    with LanguageServer(program) as running:
        yield running


def messages(diagnostics):
    return [(found["range"]["start"]["line"] + 1, found["message"]) for found in diagnostics]


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.parent.name)
def test_examples_have_no_diagnostics(server, path):
    assert server.open(path, path.read_text()) == []


def test_the_examples_find_their_schema(server):
    [quickstart] = [path for path in EXAMPLES if path.parent.name == "quickstart"]
    broken = quickstart.with_name("broken.yaml")
    text = quickstart.read_text().replace("aiType: OPENAI", "aiType: openai", 1)
    [(line, message)] = messages(server.open(broken, text))
    assert text.splitlines()[line - 1].strip() == "aiType: openai"
    assert all(provider in message for provider in PROVIDERS)


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("aitype: OPENAI", "Property aitype is not allowed."),
        ("endpoint: https://a b", "an endpoint must be an http or https URL without spaces"),
        ("protect: yes please", 'Incorrect type. Expected "boolean".'),
        (
            "secret: sk-made-up",
            "a credential must be exactly one reference to an environment variable, such as $OPENAI_API_KEY",
        ),
        ("key: made-up", "a credential must be exactly one reference to an environment variable"),
        ("previousName: ''", "a name must not be empty"),
        ("workspaceId: my workspace", "a workspace id must not be empty or contain whitespace"),
    ],
)
def test_mistakes_are_marked_on_their_lines(server, tmp_path, line, expected):
    entry = {"name": "Chat", "aiType": "OPENAI", "endpoint": "https://x.example.com", "secret": "$KEY"}
    entry.pop(line.split(":")[0], None)
    lines = [line, *(f"{key}: {value}" for key, value in entry.items())]
    found = messages(server.open(tmp_path / "fbsync.yaml", HEAD + "  - " + "\n    ".join(lines) + "\n"))
    assert [place for place, message in found if message.startswith(expected)] == [5], found
    assert len(found) == 1


def test_environments_are_checked_too(server, tmp_path):
    text = (
        HEAD.replace("llms:\n", "llms: []\n")
        + "environments:\n  a/b: {}\n  staging:\n    llms:\n      Chat: {secret: x}\n"
    )
    found = dict(messages(server.open(tmp_path / "fbsync.yaml", text)))
    assert found.keys() == {6, 9}
    assert found[9].startswith("a credential must be exactly one reference")


def test_the_providers_are_completed(server, tmp_path):
    path = tmp_path / "fbsync.yaml"
    server.open(path, HEAD + "  - name: Chat\n    aiType: \n")
    offered = server.at("textDocument/completion", path, 6, 13)
    assert {item["label"] for item in offered["items"]} == PROVIDERS


def completed(server, path, text, label):
    """A document with a snippet inserted at its end, as an editor does it."""
    server.open(path, text)
    lines = text.split("\n")
    offered = server.at("textDocument/completion", path, len(lines), len(lines[-1]) + 1)
    item, *_ = [item for item in offered["items"] if item["label"] == label]
    inserted = item["textEdit"]["newText"] if "textEdit" in item else item["insertText"]
    start = item["textEdit"]["range"]["start"]["character"] if "textEdit" in item else len(lines[-1])
    indent = re.match(" *", lines[-1])[0]
    inserted = inserted.replace("\n", f"\n{indent}")
    lines[-1] = lines[-1][:start] + re.sub(r"\$\{\d+:([^}]*)\}", r"\1", inserted).replace("\\$", "$")
    return "\n".join(lines) + "\n"


def test_a_whole_file_is_begun_by_a_snippet(server, tmp_path):
    text = completed(server, tmp_path / "fbsync.yaml", MODELINE, "fbsync manifest")
    assert "workspaceId: $FLASHBACK_WORKSPACE_ID" in text
    assert [finding.message for finding in assemble([parse_document(text.encode(), file="m.yaml")]).findings] == []


ENTRY = "  - {name: Chat, aiType: OPENAI, endpoint: https://x.example.com, secret: $KEY}\n"


@pytest.mark.parametrize("label", ["fbsync entry", "fbsync entry for AWS Bedrock"])
@pytest.mark.parametrize("before", ["", ENTRY], ids=["first", "second"])
@pytest.mark.parametrize("start", ["  - ", "  -", "  "], ids=["dash-and-space", "dash", "no-dash"])
def test_an_entry_is_begun_by_a_snippet(server, tmp_path, label, before, start):
    """A snippet gives a valid entry, also on a new line of the list where nobody has typed a dash yet."""
    text = completed(server, tmp_path / "fbsync.yaml", HEAD + before + start, label)
    manifest = assemble([parse_document(text.encode(), file="m.yaml")])
    assert [finding.message for finding in manifest.findings] == []
    assert len(manifest.drafts) == 1 + bool(before)


def test_the_list_is_begun_by_its_key(server, tmp_path):
    """Completing `llms` opens the list and leaves the entry to its snippets; it adds no keys of its own."""
    text = completed(server, tmp_path / "fbsync.yaml", MODELINE + "version: 1\nll", "llms")
    assert text == MODELINE + "version: 1\nllms:\n  - \n"


@pytest.mark.parametrize("end", ["", "environments:\n  staging: "], ids=["entry", "environment"])
def test_every_suggestion_has_a_name(server, tmp_path, end):
    """The server shows an example that is an object as "[object Object]", so the schema has none."""
    path = tmp_path / "fbsync.yaml"
    text = HEAD + ENTRY + (end or "  ")
    lines = text.split("\n")
    server.open(path, text)
    offered = server.at("textDocument/completion", path, len(lines), len(lines[-1]) + 1)
    assert "[object Object]" not in [item["label"] for item in offered["items"]]


def test_an_endpoint_is_offered_for_each_provider(server, tmp_path):
    path = tmp_path / "fbsync.yaml"
    server.open(path, HEAD + "  - name: Chat\n    endpoint: \n")
    labels = " ".join(item["label"] for item in server.at("textDocument/completion", path, 6, 15)["items"])
    assert all(host in labels for host in ("openai", "anthropic", "googleapis", "bedrock-runtime"))


def test_the_keys_are_completed(server, tmp_path):
    path = tmp_path / "fbsync.yaml"
    server.open(path, HEAD + "  - name: Chat\n    \n")
    offered = server.at("textDocument/completion", path, 6, 5)
    labels = {item["label"] for item in offered["items"]}
    assert {"aiType", "endpoint", "key", "secret", "workspaceId", "previousName", "protect"} <= labels
    assert "name" not in labels


@pytest.mark.parametrize(
    ("key", "words"),
    [
        ("aiType", "The provider's interface"),
        ("endpoint", "The provider's base URL"),
        ("secret", "exactly one reference to an environment variable"),
        ("key", "the access key id"),
        ("workspaceId", "The configuration's workspace"),
        ("previousName", "It keeps the configuration"),
        ("protect", "fbsync never deletes the configuration"),
        ("name", "Unique within its workspace"),
    ],
)
def test_hovering_explains_a_key(server, tmp_path, key, words):
    values = {"aiType": "OPENAI", "endpoint": "https://x", "protect": "true", "secret": "$KEY", "key": "$KEY"}
    path = tmp_path / "fbsync.yaml"
    server.open(path, HEAD + f"  - {key}: {values.get(key, 'x')}\n")
    shown = server.at("textDocument/hover", path, 5, 6)
    assert words in str(shown["contents"]).replace("\\", ""), shown
