# ruff: noqa: INP001 - a script, no package
"""Write the reference pages that follow from the code: the files' formats from their schemas, and the findings.

pip install -e .
python docs/reference/make.py
"""

from __future__ import annotations

import contextlib
import io
import json
import os
import shlex
import sys
import tempfile
import textwrap
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fbsync.cli import main as fbsync
from fbsync.render.findings_rules import _ABOUT
from fbsync.schema.validate import Kind, schema_of
from fbsync.strict_yaml.rejections import MOST_NODES

if TYPE_CHECKING:
    from collections.abc import Iterator

HERE = Path(__file__).parent
CASES = HERE.parents[1] / "tests" / "cases"
Schema = dict[str, Any]

FORMATS = {
    "manifest": (
        "Manifest",
        "The YAML file that declares what you want. [Writing a manifest](writing-a-manifest.md) explains it.",
    ),
    "lockfile": (
        "Lockfile",
        "The part of the known state that lasts. fbsync writes it as JSON; never edit it by hand.",
    ),
    "journal": (
        "Journal",
        "The record of an apply under way: one JSON document on each line. It outlasts only a run that was cut off.",
    ),
    "state": (
        "State object",
        "What a store keeps for each environment: lockfile, journal and lease in one object.",
    ),
    "plan": (
        "Plan document",
        "What `fbsync plan --format json` prints and `fbsync plan --out FILE` saves. It holds no secret.",
    ),
    "result": (
        "Result document",
        "What every other command prints with `--format json`, and every command that fails.",
    ),
}
ENTRY = "  - {name: A, aiType: OTHER, endpoint: https://a.example.com, secret: $A}\n"
HEAD = f"version: 1\nworkspaceId: ws-a\nllms:\n{ENTRY}"
TOO_MUCH = {
    "nesting-too-deep": "[" * 2_000,
    "number-too-long": f"version: {'1' * 5_000}\n",
    "too-many-aliases": f"a: &a [{'x,' * 1_000}]\n" + "".join(f"b{number}: *a\n" for number in range(1_000)),
    "too-many-findings": "a: 1\n" * 20_000,
}
"""Files that a page cannot show, by the rule that they break."""
LOCKFILE = {
    "version": 2,
    "apiUrl": "https://a.example.com",
    "environment": None,
    "fingerprints": {"method": "scrypt", "salt": "A" * 22, "n": 4096},
    "llms": [],
}
RECORD = {
    "workspaceId": "ws-a",
    "name": "A",
    "id": "llm-1",
    "aiType": "OTHER",
    "endpoint": "https://a.example.com",
    "secret": {"reference": "A", "fingerprint": None},
}
BROKEN = (
    *(("fbsync.lock", data) for data in (b"{", b"\xff", b'{"version": 1}', b'{"version": 99}')),
    *(
        ("fbsync.lock", json.dumps(LOCKFILE | change).encode())
        for change in (
            {"apiUrl": "https://b.example.com"},
            {"environment": "staging"},
            {"fingerprints": {"method": "hmac"}},
            {"llms": [RECORD, RECORD]},
        )
    ),
    *(("fbsync.lock.journal", data) for data in (b"{\n", b"\xff\n", b'{"journal": 1}\n', b'{"journal": 99}\n')),
)
"""Files of the known state that fbsync refuses."""
WRITTEN = {
    "ambiguous-stored-key": (
        "apiKey: OpenAI, production",
        "error: 2 stored keys have this description: ids 8f14e45f-…, c20ad4d7-…",
        "use its id instead",
    ),
    "ambiguous-workspace": (
        "workspace: Research",
        "error: 2 workspaces have this name: ids ws-a, ws-b",
        "give its id instead: workspaceId",
    ),
    "fault-script": (
        "",
        "error: rules[0].action.status: is not allowed here",
        "for the format, run: python -m pydoc fbsync.sandbox.fault_script",
    ),
    "file-unreadable": ("", "error: the file cannot be read: Permission denied", "check its permissions"),
    "folder-unreadable": ("", "error: the folder cannot be read: Permission denied", "check its permissions"),
    "known-twice": (
        "",
        "error: fbsync.lock and team.lock both have the configuration llm-1 (Chat)",
        "remove it from the wrong one with `fbsync state forget`",
    ),
    "not-a-credential": (
        "secret: $OPENAI_API_KEY",
        "warning: the value of $OPENAI_API_KEY does not look like a credential: it has quotes around it",
        "set OPENAI_API_KEY to the credential exactly as the provider shows it",
    ),
    "too-many-environments": (
        "",
        "error: 20,000 entries in 30 environments are too many to check at once",
        "check one environment at a time with -e, or split the manifest into several",
    ),
    "too-many-nodes": (
        "",
        f"error: the file has more than {MOST_NODES:,} values",
        "split it into several files and pass -f once for each",
    ),
    "unknown-stored-key": (
        "apiKey: OpenAI, prodution",
        'error: the workspace ws-a has no stored key "OpenAI, prodution": it has "OpenAI, production"',
        'write "OpenAI, production"',
    ),
    "unknown-workspace": (
        "workspace: Reserch",
        'error: you cannot see a workspace "Reserch": you can see Research, Support',
        'write "Research"',
    ),
}
"""Examples of rules about the machine, the server or huge files: the line, the message and the remedy."""
VALUES = HEAD.replace("secret: $A}", "apiKey: $K}") + ENTRY.replace("A", "B").replace("//a", "//$<LONG>$<LONG>")
"""A manifest of which the values of variables are wrong."""
JOURNAL_HEAD = {"journal": 2, **{key: LOCKFILE[key] for key in ("apiUrl", "environment", "fingerprints")}}
INTENT = {"n": 1, "intent": "create", "workspaceId": "ws-a", "name": "A", "credentials": {}}
WIDTH = 80


def format_page(kind: str) -> str:
    """The page about one format."""
    root = schema_of(Kind(kind))
    title, about = FORMATS[kind]
    lines = [
        f"# {title}",
        "",
        about,
        "",
        f"This page is generated from the JSON Schema, which `fbsync schema {kind}` prints.",
        "",
        *_object(root, root),
    ]
    for name, part in sorted(root.get("$defs", {}).items()):
        if "properties" in part:
            lines += [f"## {name}", "", *([part["description"], ""] if "description" in part else [])]
            lines += _object(part, root)
    return "\n".join(lines).rstrip() + "\n"


def _object(part: Schema, root: Schema) -> Iterator[str]:
    if "properties" not in part:
        return
    yield from ("| field | required | value | meaning |", "|---|---|---|---|")
    for name, field in part["properties"].items():
        required = "yes" if name in part.get("required", ()) else ""
        resolved = _resolved(field, root)
        meaning = resolved.get("description") or resolved.get("title") or ""
        yield f"| `{name}` | {required} | {_cell(_value(field, root))} | {_cell(meaning)} |"
    yield ""


def _resolved(field: Schema, root: Schema) -> Schema:
    """A field's schema with those that it refers to merged in; what stands nearer wins."""
    while "$ref" in field:
        target = root["$defs"][field["$ref"].rpartition("/")[2]]
        field = target | {key: value for key, value in field.items() if key != "$ref"}
    return field


def _value(field: Schema, root: Schema) -> str:
    """A few words on what a field holds."""
    if "$ref" in field:
        name = field["$ref"].rpartition("/")[2]
        if "properties" in root["$defs"][name]:
            return f"[{name}](#{name.lower()})"
    field = _resolved(field, root)
    if "const" in field:
        return f"`{json.dumps(field['const'])}`"
    if "enum" in field:
        return ", ".join(f"`{json.dumps(value) if value is None else value}`" for value in field["enum"])
    types = field.get("type", "any")
    kinds = " or ".join([types] if isinstance(types, str) else types)
    if "items" in field:
        return f"{kinds} of {_value(field['items'], root)}"
    if isinstance(field.get("additionalProperties"), dict):
        return f"{kinds} of {_value(field['additionalProperties'], root)}"
    return kinds


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ").replace("<", "&lt;").replace("`$&lt;NAME>`", "`$<NAME>`")


def findings_page() -> str:
    """The page about findings, with an example of each."""
    lines = [
        "# Findings",
        "",
        "A finding is one mistake in an input, at `file:line:column`. Its rule name is stable: filter by it in",
        "`--format json`, `github`, `sarif` and `junit`. Warnings fail only with `fbsync validate --strict`.",
        "",
        "Each example shows the line and what fbsync says about it.",
        "",
    ]
    examples = _examples()
    for rule, about in sorted(_ABOUT.items()):
        lines += [f"## {rule}", "", about, ""]
        lines += [*_shown(*examples[rule]), ""]
    return "\n".join(lines).rstrip() + "\n"


def _shown(line: str, finding: Schema) -> Iterator[str]:
    if line:
        yield from ("```text", line, "```", "")
    yield "```text"
    yield from _wrapped(f"{finding['severity']}: {finding['message']}")
    if finding["remedy"]:
        yield from _wrapped(f"fix: {finding['remedy']}")
    yield "```"


def _wrapped(text: str) -> list[str]:
    return textwrap.wrap(text, WIDTH, subsequent_indent="  ", break_long_words=False, break_on_hyphens=False)


def _examples() -> dict[str, tuple[str, Schema]]:
    """For each rule the shortest example among the test cases: the line in question, and the finding."""
    found = dict((*_written(), *_generated(), *_of_values(), *_of_places()))
    for folder in sorted(path.parent for path in CASES.rglob("expected.txt")):
        for finding in _findings_in(folder):
            line = _line_of(folder, finding)
            if len(line) > WIDTH or (finding["line"] and not line.strip()):
                continue
            before = found.get(finding["rule"])
            if before is None or _weight(line, finding) < _weight(*before):
                found[finding["rule"]] = (line, finding)
    return found


def _written() -> Iterator[tuple[str, tuple[str, Schema]]]:
    for rule, (line, said, remedy) in WRITTEN.items():
        severity, _, message = said.partition(": ")
        yield rule, (line, {"rule": rule, "severity": severity, "message": message, "remedy": remedy})


def _of_values() -> Iterator[tuple[str, tuple[str, Schema]]]:
    """Examples of what is wrong with the values of variables."""
    with tempfile.TemporaryDirectory() as folder, contextlib.chdir(folder):
        path = Path("fbsync.yaml")
        path.write_text(VALUES, encoding="utf-8")
        with _variables(K="sk-1", LONG="x" * 4_096):
            yield from ((one["rule"], (_line_of(Path(), one), one)) for one in _findings("plan"))
        path.write_text(HEAD, encoding="utf-8")
        with _variables(A=os.fsdecode(b"\xff"), FLASHBACK_TOKEN="made-up"):  # noqa: S106 - it goes nowhere
            yield from ((one["rule"], (_line_of(Path(), one), one)) for one in _findings("apply", "--no-refresh"))


def _of_places() -> Iterator[tuple[str, tuple[str, Schema]]]:
    """Examples of manifests that do not say clearly where the known state is, and of one that is no text file."""
    with tempfile.TemporaryDirectory() as folder, contextlib.chdir(folder):
        for text in ("{version: 1, state: git, llms: []}\n", "version: 1\nstate: s3://$BUCKET/models\nllms: []\n"):
            Path("a.yaml").write_text(text, encoding="utf-8")
            yield from ((one["rule"], (_line_of(Path(), one), one)) for one in _findings("validate", "-f", "a.yaml"))
        for name, place in (("a.yaml", "file:a"), ("b.yaml", "file:b")):
            Path(name).write_text(f"version: 1\nstate: {place}\nllms: []\n", encoding="utf-8")
        found = _findings("plan", "-f", "a.yaml", "-f", "b.yaml")
        yield from ((one["rule"], (_line_of(Path(), one), one)) for one in found)
        Path("c.yaml").touch()
        os.truncate("c.yaml", 10**8)
        yield from ((one["rule"], ("", one)) for one in _findings("validate", "c.yaml"))


@contextlib.contextmanager
def _variables(**values: str) -> Iterator[None]:
    os.environ.update(values)
    try:
        yield
    finally:
        for name in values:
            del os.environ[name]


def _generated() -> Iterator[tuple[str, tuple[str, Schema]]]:
    """Examples that no test case can have: files that are too much, and what is no file of text."""
    with tempfile.TemporaryDirectory() as folder, contextlib.chdir(folder):
        for rule, text in TOO_MUCH.items():
            Path("fbsync.yaml").write_text(text, encoding="utf-8")
            yield from ((rule, ("", finding)) for finding in _findings("validate") if finding["rule"] == rule)
        Path("fbsync.yaml").write_text(HEAD, encoding="utf-8")
        Path("made-up.env").write_bytes(b"A=\xff\n")
        yield from ((one["rule"], ("", one)) for one in _findings("plan", "--env-file", "made-up.env"))
        yield from ((one["rule"], ("", one)) for one in _findings("validate", "/dev/null"))
        yield from ((one["rule"], ("", one)) for one in _findings("apply", "--no-refresh"))
        with _variables(FLASHBACK_TOKEN="made-up"):  # noqa: S106 - it goes nowhere
            yield from ((one["rule"], ("", one)) for one in _findings("apply", "--no-refresh"))
        for name, data in BROKEN:
            Path(name).write_bytes(data)
            yield from ((one["rule"], ("", one)) for one in _findings("plan", "--api-url", "https://a.example.com"))
            Path(name).unlink()
        with _variables(FBSYNC_FINGERPRINT_KEY="short"):
            yield from ((one["rule"], ("", one)) for one in _findings("plan"))
        Path("fbsync.lock").write_text(json.dumps(LOCKFILE), encoding="utf-8")
        other = JOURNAL_HEAD | {"fingerprints": LOCKFILE["fingerprints"] | {"salt": "Q" * 22}}
        for records in ((JOURNAL_HEAD, INTENT), (other,)):
            lines = [json.dumps(record) + "\n" for record in records]
            Path("fbsync.lock.journal").write_text("".join(lines), encoding="utf-8")
            yield from ((one["rule"], ("", one)) for one in _findings("plan", "--api-url", "https://a.example.com"))


def _weight(line: str, finding: Schema) -> tuple[bool, int, str]:
    return not line, len(line) + len(finding["message"]), line + finding["message"]


def _findings_in(folder: Path) -> list[Schema]:
    command = (folder / "expected.txt").read_text(encoding="utf-8").partition("\n")[0]
    args = shlex.split(command.removeprefix("$ fbsync "))
    with contextlib.chdir(folder):
        return _findings(*args)


def _findings(*args: str) -> list[Schema]:
    """What fbsync finds, run in this process and the current folder."""
    with contextlib.redirect_stdout(io.StringIO()) as out:
        fbsync([*args, "--format", "json"])
    return json.loads(out.getvalue()).get("findings", [])  # type: ignore[no-any-return]


def _line_of(folder: Path, finding: Schema) -> str:
    path = folder / finding["file"]
    if not finding["line"] or not path.is_file():
        return ""
    lines = path.read_text(encoding="utf-8", errors="replace").splitlines()
    line = lines[finding["line"] - 1].rstrip() if finding["line"] <= len(lines) else ""
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in line.replace("```", ""))


def pages() -> dict[str, str]:
    """The pages by their files' names."""
    made = {f"{kind}.md": format_page(kind) for kind in FORMATS if kind in {known.value for known in Kind}}
    return made | {"findings.md": findings_page()}


def main() -> None:
    """Write the pages."""
    made = pages()
    for name, text in made.items():
        (HERE / name).write_text(text, encoding="utf-8")
    sys.stdout.write(f"{len(made)} pages\n")


if __name__ == "__main__":
    main()
