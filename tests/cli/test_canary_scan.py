"""No command leaks a credential or a token: its output and all files that it writes are scanned."""

import subprocess
import sys
from itertools import cycle

import httpx
import pytest
from canaries import FORMS, SHAPES, Scan, repeated
from cli_world import ROOT
from object_stores import moto_server
from object_versions import every_version, keep_versions
from recorder import Reply
from selection import few_of, few_where

__all__ = ["moto_server"]

MANIFEST = "version: 1\nworkspaceId: $FLASHBACK_WORKSPACE_ID\nllms:\n" + "".join(
    f"  - {{name: Entry {name}, aiType: AWS, endpoint: 'https://{name.lower()}.example.com', "
    f"secret: ${name}, key: ${name}_KEY}}\n"
    for name in SHAPES
)
CREDENTIALS = SHAPES | {f"{name}_KEY": f"{value}|key" for name, value in SHAPES.items()}
FINGERPRINT_KEY = "canary-fingerprint+key/of-32-characters"
"""A fingerprint key, so that many fingerprints take no time."""
APPLY = ("apply", "--yes", "-vv", "--retry-timeout", "0", "--parallelism", "12")


@pytest.fixture
def world(cli, sandbox):
    """A project with a credential of every shape. At the end, everything printed and written is scanned."""
    cli.write("fbsync.yaml", MANIFEST)
    for name, value in CREDENTIALS.items():
        cli.credential(name, value)
    scan = Scan(CREDENTIALS | {"token": sandbox.token, "fingerprint key": FINGERPRINT_KEY})
    cli.environment |= {"FBSYNC_FINGERPRINT_KEY": FINGERPRINT_KEY}
    cli.environment |= {"FBSYNC_DEBUG": "1", "XDG_STATE_HOME": str(cli.folder / "state")}
    yield cli
    assert len(cli.printed) > 1
    found = [("output", *hit) for text in cli.printed for hit in scan.of(text.encode())]
    assert found + scan.of_folder(cli.folder) == []


def echoing(form, *, status=400, methods=("POST", "PUT", "DELETE"), page=False, others=()):
    """Make the server's answers repeat the credential of the request, or the next of some others, in one form."""
    waiting = cycle(others or SHAPES.values())

    def reply(request):
        if request.method not in methods:
            return None
        value = request.body.get("secret") or next(waiting)
        text = f"the value {repeated(value, form)} is not right"
        body = f"<html><body><h1>{status}</h1>{text}</body></html>".encode() if page else {"message": text}
        return Reply(status=status, body=body, headers={"Content-Type": "text/html" if page else "application/json"})

    return reply


def lists(sandbox, workspace, values):
    """Lists that repeat each of some values, in every form and in every text of a row."""
    said = [repeated(value, form) for value in values for form in FORMS]

    def reply(request):
        path = request.path.partition("?")[0]
        field = {"/ai/llm": "aiLlms", "/workspace": "workspaces", "/apikeys": "apiKeys", "/user/profile": ""}.get(path)
        if request.method != "GET" or field is None:
            return None
        headers = {"Authorization": f"Bearer {sandbox.token}"}
        body = httpx.get(f"{sandbox.url}{request.path}", headers=headers).json()
        if not field:
            return Reply(body=body | {"data": body["data"] | {"email": said[0], "orgRole": said[1], "name": said[2]}})
        known = [row | {"endpoint": text} for row, text in zip(body[field], cycle(said), strict=False)]
        more = [_repeating(text, workspace, number) for number, text in enumerate(said)]
        return Reply(body=body | {field: known + more})

    return reply


def _repeating(text, workspace, number):
    """A row of any list."""
    names = ("name", "aiType", "endpoint", "key", "apiKeyId", "provider", "description", "userId")
    users = [{"userId": "user-1", "role": text, "user": {"email": text, "name": text}}]
    texts = dict.fromkeys(names, f"{text} at {number}")
    return {"id": f"row-{number}", "workspaceId": workspace, "repos": [{"name": text}], "users": users, **texts}


FORMATS = {
    "validate": ("text", "json", "github", "sarif", "junit"),
    "plan": ("text", "json", "markdown", "html"),
    "drift": ("text", "json", "markdown", "html"),
}
COMMANDS = (
    ("validate", "--format", "sarif"),
    ("env", "--format", "json"),
    ("plan", "--format", "html"),
    ("plan", "--refresh", "-vv", "--out", "plan.json"),
    ("show", "plan.json", "--format", "json"),
    ("apply", "plan.json", "--yes", "-vv", "--format", "json", "--events", "events.jsonl", "--result", "result.json"),
    ("apply", "--yes", "-vv", "--resend-secrets", "--verify", "--events", "resent.jsonl"),
    ("drift", "-vv", "--format", "markdown"),
    ("verify", "--yes", "-vv", "--format", "json"),
    ("doctor", "--format", "json"),
    ("workspaces", "--format", "json"),
    ("keys", "list", "--format", "json"),
    ("state", "list", "--format", "json"),
    ("state", "show", "Entry PEM"),
    ("state", "forget", "Entry PEM"),
    ("export", "-vv", "-f", "exported.yaml"),
    ("init",),
    ("destroy", "--yes", "-vv", "--max-deletes", "100%", "--format", "json"),
)


def test_every_command(world, workspace):
    for words in COMMANDS:
        where = ("--workspace", workspace) if words[0] in ("export", "keys") else ()
        done = world(*words, *where)
        assert done.returncode == 0, (words, done.stdout[-2000:], done.stderr[-2000:])


def test_every_command_on_a_state_in_git(world):
    """The scan includes the git objects of the remote and of the checkout."""
    for line in ("init --bare remote.git", "init .", "remote add origin remote.git"):
        subprocess.run(["git", *line.split()], cwd=world.folder, check=True, capture_output=True)
    world.environment |= {"GIT_CONFIG_GLOBAL": "/dev/null"}
    assert world(*APPLY).returncode == 0
    commands = (
        ("state", "migrate", "--state", "git"),
        ("state", "migrate", "--state", "git", "--back"),
        ("state", "migrate", "--state", "git"),
        ("apply", "--yes", "-vv", "--resend-secrets", "--state", "git", "--only", "Entry P*"),
        ("state", "list", "--state", "git", "--format", "json"),
        ("state", "show", "Entry PEM", "--state", "git"),
        ("state", "history", "--state", "git"),
        ("state", "unlock", "--state", "git", "--yes"),
        ("drift", "--state", "git"),
    )
    for words in commands:
        done = world(*words)
        assert done.returncode == 0 or words[1] == "unlock", (words, done.stdout[-2000:], done.stderr[-2000:])
    pulled = world("state", "pull", "--state", "git")
    world.write("pulled.json", pulled.stdout)
    tag = pulled.stderr.split("tag: ")[1].strip()
    assert world("state", "push", "pulled.json", "--state", "git", "--tag", tag).returncode == 0
    assert world("destroy", "--yes", "--max-deletes", "100%", "--state", "git").returncode == 0


@pytest.mark.thorough
def test_every_version_of_an_object_store_s_state(world, server, moto_server):
    """They include what a killed run wrote before its requests."""
    keep_versions(moto_server.url)
    world.environment |= moto_server.environment() | {"FBSYNC_STATE": f"{moto_server.address}/canaries"}
    assert world("state", "init").returncode == 0
    server.replies = lambda request: process.kill() if len(server.writes) == 5 else None
    process = world.process(*APPLY)
    world.finish(process)
    server.replies = lambda request: None
    assert world("state", "unlock", "--yes").returncode == 0
    assert world(*APPLY).returncode == 0
    assert world("state", "pull").returncode == 0
    scan = Scan(CREDENTIALS | {"token": world.environment["FLASHBACK_TOKEN"], "fingerprint key": FINGERPRINT_KEY})
    written = list(every_version(moto_server.url))
    assert any(b"Entry PEM" in data for data in written)
    assert any(b"intent" in data for data in written)
    assert [hit for data in written for hit in scan.of(data)] == []


LIBRARY = """
import asyncio, sys, traceback
import fbsync

def show(value):
    print(repr(value), str(value), getattr(value, "args", ""), vars(value) if hasattr(value, "__dict__") else "")

def attempt(work):
    try:
        made = work()
    except BaseException as error:
        while error is not None:
            show(error)
            print("".join(traceback.format_exception(error)))
            error = error.__cause__ or error.__context__
        return
    show(made)
    for outcome in getattr(made, "outcomes", ()):
        show(outcome)
        show(outcome.error)

inputs = fbsync.load("fbsync.yaml")
show(inputs)
patience = fbsync.Patience(retry_timeout=0)
attempt(lambda: fbsync.plan(inputs))
attempt(lambda: fbsync.plan(inputs, refresh=True, patience=patience))
attempt(lambda: fbsync.apply(inputs, resend_secrets=True, patience=patience, on_outcome=show))
attempt(lambda: fbsync.drift(inputs, patience=patience))
attempt(lambda: asyncio.run(fbsync.apply_async(inputs, patience=patience)))
attempt(lambda: fbsync.apply(inputs, only=["nobody"], patience=patience))
attempt(lambda: fbsync.load("fbsync.yaml", api_url="nonsense"))
"""


@pytest.mark.parametrize("fails", few_where([False, True], bool), ids=["works", "fails"])
def test_the_library(world, server, sandbox, workspace, fails):
    """Results and exceptions reveal nothing, however a program prints them."""
    script = world.write("library.py", LIBRARY)
    for replies in (echoing("json"), lists(sandbox, workspace, SHAPES.values())) if fails else (lambda request: None,):
        server.replies = replies
        variables = {**world.environment, **CREDENTIALS}
        options = {"cwd": world.folder, "capture_output": True, "text": True, "env": variables}
        done = subprocess.run([sys.executable, script], check=False, **options)
        world.printed += [done.stdout, done.stderr]
        assert done.returncode == 0, done.stderr[-2000:]
        assert "Entry PEM" in done.stdout


@pytest.mark.thorough
@pytest.mark.parametrize("command", FORMATS)
def test_every_format(world, command):
    for number, before in enumerate((None, "apply")):
        if before:
            assert world(*APPLY).returncode == 0
        for form in FORMATS[command]:
            assert world(command, "--format", form).returncode in (0, 2), (number, form)


EACH_FORM = [(name, form) for name in SHAPES for form in FORMS]
UNKNOWN = (500, 503)
"""With every fourth entry, all shapes and all forms still occur."""


def wide(numbers):
    """A manifest with an entry for each shape and form of a credential, so that one run tries them all."""
    return "version: 1\nworkspaceId: $FLASHBACK_WORKSPACE_ID\nllms:\n" + "".join(
        f"  - {{name: Entry {at}, aiType: AWS, endpoint: 'https://x.example.com', secret: ${name}, key: ${name}_KEY}}\n"
        for at, (name, _) in enumerate(EACH_FORM)
        if at in numbers
    )


@pytest.mark.parametrize("status", few_of([400, 401, 200, 403, 404, 429, 500, 503], 400))
def test_a_server_that_repeats_what_it_was_sent(world, server, status):
    """Try each credential in each form: half of them in the API's JSON, the others in an HTML page."""
    numbers = range(0, len(EACH_FORM), 4 if status in UNKNOWN else 1)
    world.write("fbsync.yaml", wide(numbers))

    def reply(request):
        if request.method != "POST":
            return None
        number = int(request.body["name"].removeprefix("Entry "))
        _, form = EACH_FORM[number]
        return echoing(form, status=status, page=(number + status) % 2 == 0)(request)

    server.replies = reply
    several = ("--parallelism", str(len(numbers)))  # so that all get a status that ends the run
    done = world(*APPLY, *several, "--format", "json", "--events", "events.jsonl", "--result", "result.json")
    assert done.returncode != 0
    assert len({request.body["name"] for request in server.writes}) == len(numbers)


@pytest.mark.parametrize("form", few_of(FORMATS["drift"], "json", "html"))
def test_lists_that_repeat_what_was_sent(world, server, sandbox, workspace, form):
    """A list repeats credentials in every text of a row. None may be shown or get into a file."""
    assert world(*APPLY).returncode == 0
    server.replies = lists(sandbox, workspace, SHAPES.values())
    assert world("drift", "--format", form).returncode == 2
    assert world("plan", "--refresh", "--format", form, "--out", "plan.json").returncode in (0, 8)
    assert world("show", "plan.json", "--format", form).returncode == 0
    if form == "json":
        assert world("export", "--workspace", workspace, "--format", "json").returncode == 5
        assert world("drift", "--accept", "*").returncode == 3
        world("doctor")
        assert world("apply", "--yes", "-vv", "--allow-host-change", "--format", "json").returncode == 0


@pytest.mark.thorough
def test_lists_that_repeat_the_means_of_signing_in(world, server, sandbox, workspace):
    """Commands that read no manifest know no other credentials."""
    server.replies = lists(sandbox, workspace, [sandbox.token])
    for words in (("workspaces",), ("keys", "list", "--workspace", workspace)):
        for form in ("text", "json"):
            done = world(*words, "--format", form)
            assert done.returncode == 0, done.stderr
            assert "(withheld: repeats a credential)" in done.stdout


QUICK = ("verify --yes", "apply --yes", "export --retry-timeout")
BEFORE = [
    ("verify", "--yes", "-vv"),
    ("apply", "--yes", "-vv", "--resend-secrets", "--retry-timeout", "0"),
    ("destroy", "--yes", "-vv", "--retry-timeout", "0", "--max-deletes", "100%"),
    ("drift", "-vv", "--retry-timeout", "0"),
    ("plan", "--refresh", "--retry-timeout", "0"),
    ("doctor",),
    ("export", "--retry-timeout", "0"),
    ("workspaces", "--retry-timeout", "0"),
    ("keys", "list", "--retry-timeout", "0"),
    ("drift", "--accept", "*", "--retry-timeout", "0"),
]


@pytest.mark.parametrize(
    "words",
    few_of((pytest.param(words, id=" ".join(words[:2])) for words in BEFORE), *QUICK),
)
def test_a_server_that_repeats_what_it_was_sent_before(world, server, sandbox, words):
    """The request does not carry the credential, but the run knows it."""
    assert world(*APPLY).returncode == 0
    asks = ("POST", "PUT", "DELETE") if words[0] in ("verify", "apply", "destroy") else ("GET",)
    # A command with few requests gets the credentials that are hardest to detect.
    hardest = [sandbox.token, *(SHAPES[name] for name in ("FOUR", "LINES", "QUOTES"))]
    if words[0] in ("workspaces", "keys"):  # these commands read no manifest
        hardest = [sandbox.token] * len(hardest)
    for form, value in zip(("plain", "html", "base64", "json twice"), hardest, strict=True):
        others = (value,) if asks == ("GET",) else ()
        server.replies = echoing(form, status=400, methods=asks, others=others)
        world(*words)


@pytest.mark.parametrize("what", few_of(["token", "password", "refreshToken"], "password"))
def test_a_server_that_repeats_the_means_of_signing_in(world, server, what):
    given = {
        "token": {"FLASHBACK_TOKEN": "canary-token-\\x-0d93be"},
        "password": {"FLASHBACK_EMAIL": "me@example.com", "FLASHBACK_PASSWORD": "pass \"word\" 'ä' 0d93be"},
        "refreshToken": {"FLASHBACK_REFRESH_TOKEN": "canary-refresh+token/0d93be=="},
    }[what]
    scan = Scan({name: value for name, value in given.items() if name != "FLASHBACK_EMAIL"})
    value = list(given.values())[-1]
    env = {"FLASHBACK_TOKEN": None} | given
    for number, form in enumerate(FORMS):
        text = f"no such {repeated(value, form)} here"
        server.replies = lambda request, text=text: Reply(status=401, body={"message": text, "error_code": text})
        words = (APPLY, ("drift", "-vv"), ("doctor",), ("workspaces",))[number % 4]
        done = world(*words, env=env)
        assert (done.returncode != 0) or words == ("doctor",)
        assert scan.of((done.stdout + done.stderr).encode()) == []
    assert scan.of_folder(world.folder) == []


def test_a_killed_apply_and_the_one_after_it(world, server):
    """Scan the journal while it exists, and what the next run makes of it. Fingerprints use scrypt, the default."""
    del world.environment["FBSYNC_FINGERPRINT_KEY"]
    server.replies = lambda request: process.kill() if len(server.writes) == 5 else None
    process = world.process(*APPLY, "--events", "events.jsonl")
    world.finish(process)
    assert (world.folder / "fbsync.lock.journal").exists()
    scan = Scan(CREDENTIALS)
    assert scan.of_folder(world.folder) == []
    server.replies = lambda request: None
    assert world("plan", "--format", "json").returncode == 0
    assert world(*APPLY).returncode == 0


def test_a_disk_that_fails_and_its_rescue_file(world, server):
    def take_the_place(request):
        if len(server.writes) == 5:
            (world.folder / "fbsync.lock").unlink(missing_ok=True)
            (world.folder / "fbsync.lock").mkdir(exist_ok=True)

    server.replies = take_the_place
    assert world(*APPLY).returncode != 0
    assert any((world.folder / "state").rglob("*"))


def test_the_sandbox_repeats_the_last_credential(world):
    """Scan what `fbsync sandbox run` passes on and writes in a rehearsal with a fault script."""
    rules = '{"rules": [{"match": {"method": "POST"}, "action": {"type": "echo", "what": "secret"}}]}'
    world.write("faults.json", rules)
    words = ("sandbox", "run", "--faults", "faults.json", "--db", "sandbox.sqlite", "--")
    done = world(*words, "fbsync", *APPLY, env={"PATH": f"{ROOT}/.venv/bin:{world.environment['PATH']}"})
    assert done.returncode == 5, done.stderr


class TestTheScan:
    """The positive control: the scan finds planted credentials."""

    @pytest.mark.parametrize("form", FORMS)
    @pytest.mark.parametrize("name", SHAPES)
    def test_each_form_of_each_shape_is_seen(self, tmp_path, name, form):
        scan = Scan({name: SHAPES[name]})
        for before in ("", "x", "xy"):
            planted = f"{before}{repeated(SHAPES[name], form)} and more".encode()
            if not any(FORMS[form](SHAPES[name])):
                pytest.skip("too short to be told from chance in this form")
            assert name in {hit[0] for hit in scan.of(planted)}
            (tmp_path / "file").write_bytes(b"\0\xff" + planted)
            assert scan.of_folder(tmp_path)

    @pytest.mark.parametrize("before", [b"", b"a", b"ab"])
    def test_base64_of_a_longer_text_is_seen(self, before):
        from base64 import b64encode

        assert Scan({"x": SHAPES["QUOTES"]}).of(b64encode(before + SHAPES["QUOTES"].encode() + b"c"))

    def test_names_of_files_and_objects_of_git_are_seen(self, tmp_path):
        scan = Scan({"x": "canary-5e1f0c"})
        subprocess.run(["git", "init", "--bare", tmp_path / "bare"], check=True, capture_output=True)
        command = ["git", "--git-dir", tmp_path / "bare", "hash-object", "-w", "--stdin"]
        subprocess.run(command, check=True, capture_output=True, input=b"a canary-5e1f0c")
        assert ("git", "x", "plain") in scan.of_folder(tmp_path)
        (tmp_path / "canary-5e1f0c").touch()
        assert ("canary-5e1f0c", "x", "plain") in scan.of_folder(tmp_path)

    def test_nothing_is_seen_where_nothing_is(self):
        assert Scan(CREDENTIALS).of(MANIFEST.encode()) == []
