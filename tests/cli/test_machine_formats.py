r"""Output for programs: UTF-8 in any locale, and JSON with escaped control characters."""

import json
import sys
import unicodedata

import fbsync_process
import pytest
from cli_world import MANIFEST
from hypothesis import given
from hypothesis import strategies as st
from recorder import Reply
from selection import few_of, few_where

from fbsync.render.document import dump, dump_line

C1, BIDI, ZERO_WIDTH = "\x7f\x80\x85\x9b\x9f", "\u061c\u200e\u202a\u202e\u2066\u2069", "\u200b\u200d\u2060\ufeff\u00ad"
HIDDEN = C1 + BIDI + ZERO_WIDTH + "\u2028\u2029\U000e0041\ue000"
SEEN = "作業 é 🙂"


def raw(text):
    """The unescaped characters of a text that are invisible or that control a terminal."""
    return [one for one in text if one != "\n" and (ord(one) == 0x7F or unicodedata.category(one) in CATEGORIES)]


CATEGORIES = ("Cc", "Cf", "Cs", "Co", "Zl", "Zp")


def in_bytes(cli, *arguments, env=None):
    """Run fbsync; return its output in bytes."""
    variables = {**cli.environment, **cli.credentials, **(env or {})}
    done = fbsync_process.run(*arguments, cwd=cli.folder, env=variables, text=False)
    cli.printed += [done.stdout.decode(errors="replace"), done.stderr.decode(errors="replace")]
    return done


@given(st.text())
def test_any_text_reads_back_and_hides_nothing(text):
    for written in (dump({"a": text, text: [text]}), dump_line({"a": text, text: [text]})):
        assert raw(written) == []
        assert json.loads(written) == {"a": text, text: [text]}


def test_every_character_of_these_kinds_is_escaped():
    for one in map(chr, range(sys.maxunicode + 1)):
        if unicodedata.category(one) in CATEGORIES:
            written = dump_line({"a": one})
            assert raw(written) == []
            assert json.loads(written) == {"a": one}


def test_names_that_the_server_lists(project, server, workspace):
    name = f"{SEEN}{HIDDEN}end"
    row = {"id": "llm-1", "workspaceId": workspace, "name": name, "aiType": "OTHER", "endpoint": "https://a.example"}
    server.replies = lambda request: Reply(body={"success": True, "aiLlms": [row]}) if request.method == "GET" else None
    done = in_bytes(project, "drift", "--format", "json")
    text = done.stdout.decode()
    assert raw(text) == []
    assert SEEN in text
    for one in HIDDEN:
        assert json.dumps(one)[1:-1] in text.lower()
    assert [one["name"] for one in json.loads(text)["drift"]["entries"]] == [name]


@pytest.mark.parametrize("hidden", [C1, BIDI, ZERO_WIDTH], ids=["c1", "bidi", "zero-width"])
def test_what_the_server_says_and_the_events(project, server, hidden):
    said = f"no {SEEN} {hidden} here"
    refusal = Reply(status=400, body={"success": False, "message": said})
    server.replies = lambda request: refusal if request.method == "POST" else None
    done = in_bytes(project, "apply", "--format", "json", "--events", "events.jsonl", "--result", "result.json")
    assert done.returncode == 5
    events, result = ((project.folder / name).read_bytes().decode() for name in ("events.jsonl", "result.json"))
    for text in (done.stdout.decode(), events, result):
        assert raw(text) == []
        assert SEEN in text
    told = [json.loads(line) for line in events.splitlines()]
    entries = {one["entry"]["name"]: one["entry"] for one in told if one["event"] == "outcome"}
    assert {one["name"]: one for one in json.loads(result)["entries"]} == entries
    assert {one["name"]: one for one in json.loads(done.stdout)["entries"]} == entries


WIDE = MANIFEST.replace("name: One", f'name: "{SEEN}"')
WRONG = WIDE.replace("aiType: OPENAI", f"aiType: {SEEN}")


LOCALES = [{"PYTHONIOENCODING": "cp1252"}, {"PYTHONIOENCODING": "ascii:strict"}]


@pytest.mark.parametrize("locale", few_of(LOCALES, LOCALES[0]), ids=str)
@pytest.mark.parametrize(
    ("command", "format_", "manifest", "code"),
    few_where(
        [
            ("plan", "json", WIDE, 0),
            ("plan", "markdown", WIDE, 0),
            ("plan", "html", WIDE, 0),
            ("plan", "json", WRONG, 3),
            ("validate", "json", WRONG, 3),
            ("validate", "sarif", WRONG, 3),
            ("validate", "junit", WRONG, 3),
            ("validate", "github", WRONG, 3),
        ],
        lambda case: case[1] in ("markdown", "sarif", "junit"),
    ),
)
def test_formats_for_programs_are_utf_8(project, command, format_, manifest, code, locale):
    project.write("fbsync.yaml", manifest)
    done = in_bytes(project, command, "--format", format_, env=locale)
    assert done.returncode == code
    assert SEEN in done.stdout.decode()
    assert done.stdout == in_bytes(project, command, "--format", format_, env={"PYTHONIOENCODING": "utf-8"}).stdout


def test_events_and_the_result_are_utf_8(project):
    project.write("fbsync.yaml", WIDE)
    options = ("--format", "json", "--events", "events.jsonl", "--result", "result.json")
    done = in_bytes(project, "apply", *options, env={"PYTHONIOENCODING": "cp1252", "PYTHONUTF8": "0", "LC_ALL": "C"})
    assert done.returncode == 0, done.stderr
    for data in (done.stdout, *((project.folder / name).read_bytes() for name in ("events.jsonl", "result.json"))):
        assert SEEN in data.decode()
