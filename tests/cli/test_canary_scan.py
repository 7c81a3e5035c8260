"""No command gives a credential or a token away: what each prints and every file that it writes are scanned."""

import subprocess
from itertools import cycle

import pytest
from canaries import FORMS, SHAPES, Scan, repeated
from cli_world import ROOT
from recorder import Reply

MANIFEST = "version: 1\nworkspaceId: $FLASHBACK_WORKSPACE_ID\nllms:\n" + "".join(
    f"  - {{name: Entry {name}, aiType: AWS, endpoint: 'https://{name.lower()}.example.com', "
    f"secret: ${name}, key: ${name}_KEY}}\n"
    for name in SHAPES
)
CREDENTIALS = SHAPES | {f"{name}_KEY": f"{value}|key" for name, value in SHAPES.items()}
FINGERPRINT_KEY = "canary-fingerprint+key/of-32-characters"
"""With it, fingerprints of this many credentials take no time."""
APPLY = ("apply", "--yes", "-vv", "--retry-timeout", "0", "--parallelism", "12")


@pytest.fixture
def world(cli, sandbox):
    """A project with a credential of every shape, and a scan at the end of all that was printed and written."""
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
    """Answer in which the server repeats the credential of a request, or else the next of some others, in a form."""
    waiting = cycle(others or SHAPES.values())

    def reply(request):
        if request.method not in methods:
            return None
        value = request.body.get("secret") or next(waiting)
        text = f"the value {repeated(value, form)} is not right"
        body = f"<html><body><h1>{status}</h1>{text}</body></html>".encode() if page else {"message": text}
        return Reply(status=status, body=body, headers={"Content-Type": "text/html" if page else "application/json"})

    return reply


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
    ("state", "list", "--format", "json"),
    ("state", "show", "Entry PEM"),
    ("state", "forget", "Entry PEM"),
    ("export", "-vv", "-f", "exported.yaml"),
    ("init",),
    ("destroy", "--yes", "-vv", "--max-deletes", "100%", "--format", "json"),
)


@pytest.mark.parametrize("state", [None, "git"], ids=lambda state: state or "beside")
def test_every_command(world, state, workspace):
    if state == "git":
        for line in ("init --bare remote.git", "init .", "remote add origin remote.git"):
            subprocess.run(["git", *line.split()], cwd=world.folder, check=True, capture_output=True)
        world.environment |= {"GIT_CONFIG_GLOBAL": "/dev/null"}
    if state is not None:
        world.environment |= {"FBSYNC_STATE": state}
        assert world("state", "init").returncode == 0
    for words in COMMANDS if state is None else COMMANDS[6:7] + COMMANDS[11:12] + COMMANDS[-1:]:
        where = ("--workspace", workspace) if words[0] == "export" else ()
        done = world(*words, *where)
        assert done.returncode == 0, (words, done.stdout[-2000:], done.stderr[-2000:])


@pytest.mark.thorough
@pytest.mark.parametrize("command", FORMATS)
def test_every_format(world, command):
    for number, before in enumerate((None, "apply")):
        if before:
            assert world(*APPLY).returncode == 0
        for form in FORMATS[command]:
            assert world(command, "--format", form).returncode in (0, 2), (number, form)


@pytest.mark.parametrize(
    ("form", "status", "page"),
    [
        ("plain", 400, False),
        ("json", 422, False),
        ("json twice", 400, False),
        ("unicode", 403, False),
        ("url", 404, False),
        ("html", 500, True),
        ("base64", 401, False),
        ("base64 of URLs", 200, False),
        ("hexadecimal", 409, False),
        *(
            pytest.param(form, status, page, marks=pytest.mark.thorough)
            for form in FORMS
            for status in (200, 400, 401, 403, 404, 429, 500, 503)
            for page in (False, True)
        ),
    ],
)
def test_a_server_that_repeats_what_it_was_sent(world, server, form, status, page):
    server.replies = echoing(form, status=status, page=page)
    done = world(*APPLY, "--format", "json", "--events", "events.jsonl", "--result", "result.json")
    assert done.returncode != 0
    assert len(server.writes) >= len(SHAPES) or status in (401, 403)


@pytest.mark.parametrize(
    "words",
    [
        ("verify", "--yes", "-vv"),
        ("apply", "--yes", "-vv", "--resend-secrets", "--retry-timeout", "0"),
        ("destroy", "--yes", "-vv", "--retry-timeout", "0", "--max-deletes", "100%"),
        ("drift", "-vv", "--retry-timeout", "0"),
        ("plan", "--refresh", "--retry-timeout", "0"),
        ("doctor",),
        ("export", "--retry-timeout", "0"),
    ],
    ids=lambda words: words[0],
)
def test_a_server_that_repeats_what_it_was_sent_before(world, server, sandbox, words):
    """The request does not carry the credential, but the run knows it."""
    assert world(*APPLY).returncode == 0
    asks = ("GET",) if words[0] in ("drift", "plan", "doctor", "export") else ("POST", "PUT", "DELETE")
    # A command of few requests gets the credentials that are hardest to see.
    hardest = [sandbox.token, *(SHAPES[name] for name in ("FOUR", "LINES", "QUOTES"))]
    for form, value in zip(("plain", "html", "base64", "json twice"), hardest, strict=True):
        others = (value,) if asks == ("GET",) else ()
        server.replies = echoing(form, status=400, methods=asks, others=others)
        world(*words)


@pytest.mark.parametrize("what", ["token", "password", "refreshToken"])
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
    """The journal is scanned while it is there, and so is what the next run makes of it; fingerprints are scrypt's."""
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
    """A rehearsal with a fault script: what `fbsync sandbox run` passes on and writes."""
    rules = '{"rules": [{"match": {"method": "POST"}, "action": {"type": "echo", "what": "secret"}}]}'
    world.write("faults.json", rules)
    words = ("sandbox", "run", "--faults", "faults.json", "--db", "sandbox.sqlite", "--")
    done = world(*words, "fbsync", *APPLY, env={"PATH": f"{ROOT}/.venv/bin:{world.environment['PATH']}"})
    assert done.returncode == 5, done.stderr


class TestTheScan:
    """The positive control: what is planted is found."""

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
