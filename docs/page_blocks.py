# ruff: noqa: INP001 - a script, no package
"""Run the blocks of the documentation's pages, and write what the commands print into them.

pip install -e '.[sandbox]'
python docs/page_blocks.py [PAGE]...

The blocks of a page run in order, by one shell, in an empty folder, against a sandbox of its own, with the known state
beside the manifest:

- A ``sh`` block runs as it is. Every command in it has to succeed.
- In a ``console`` block each line after ``$ `` runs, and what it prints stands below it.
- A ``yaml`` block after ``<!-- file: NAME -->`` is written to that file.

Comments before a block, which readers do not see: ``<!-- not run: REASON -->`` leaves the next block out,
``<!-- ends with N -->`` names the exit code of its last command, and ``<!-- run: COMMAND -->`` runs a command.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from uuid import NAMESPACE_URL, uuid5

ROOT = Path(__file__).parents[1]
PAGES = (ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md")))
SHELLS = ("sh", "bash", "shell", "console")
_FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_COMMENT = re.compile(r"<!-- (not run|ends with|run|file):? (.+?) -->", re.DOTALL)
_URL = re.compile(r"http://127\.0\.0\.1:\d+")
_ID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_END = "\x1e"


class _Ids:
    """Gives the ids of a run others, the same in every run, so that pages change only where what they say changes."""

    def __init__(self) -> None:
        self._known: dict[str, str] = {}

    def __call__(self, match: re.Match[str]) -> str:
        return self._known.setdefault(match[0], str(uuid5(NAMESPACE_URL, f"fbsync:{len(self._known)}")))


@dataclass(slots=True, kw_only=True)
class Block:
    """A fenced block of a page, with the comments before it."""

    language: str
    text: str
    start: int
    end: int
    notes: dict[str, str] = field(default_factory=dict)
    before: list[str] = field(default_factory=list)

    @property
    def commands(self) -> list[str]:
        """What it runs: one script, or a console's commands, one by one."""
        if self.language == "console":
            return [line[2:] for line in self.text.splitlines() if line.startswith("$ ")]
        return [self.text]

    @property
    def runs(self) -> bool:
        """Whether there is something to run in it."""
        return self.language in SHELLS and "not run" not in self.notes


def blocks_of(page: str) -> list[Block]:
    """The blocks of a page, in order."""
    found, at = [], 0
    for match in _FENCE.finditer(page):
        block = Block(language=match[1], text=match[2], start=match.start(2), end=match.end(2))
        for comment in _COMMENT.finditer(page, at, match.start()):
            if comment[1] == "run":
                block.before.append(comment[2])
            else:
                block.notes[comment[1]] = comment[2]
        found.append(block)
        at = match.end()
    return found


def script_of(blocks: list[Block]) -> str:
    """One script of all blocks. After each command it prints the exit status, and whether a part of it failed."""
    lines = ["trap 'failed=1' ERR"]
    for number, block in enumerate(blocks):
        lines += [*block.before]
        if "file" in block.notes:
            lines += [f"cat > '{block.notes['file']}' <<'END OF THE FILE'", block.text + "END OF THE FILE"]
        if block.runs:
            for command in block.commands:
                lines += ["failed=0", command.rstrip()]
                lines.append(f'printf "{_END}%s %s %s{_END}" {number} $? $failed')
    return "\n".join(["{", *lines, "} 2>&1", ""])


def run(blocks: list[Block]) -> list[tuple[int, str, int, bool]]:
    """Run the blocks; give each command's block, what it printed, its status, and whether a part of it failed."""
    with tempfile.TemporaryDirectory(prefix="fbsync-docs-") as home:
        folder = Path(home) / "models"
        folder.mkdir()
        (Path(home) / "script.sh").write_text(script_of(blocks), encoding="utf-8")
        bin_folder = Path(sys.executable).parent
        environment = {"PATH": f"{bin_folder}:{os.environ['PATH']}", "HOME": home, "COLUMNS": "100", "LANG": "C.UTF-8"}
        done = subprocess.run(  # noqa: S603 - the documentation's own commands
            [bin_folder / "fbsync", "sandbox", "run", "--", "env", "-u", "FBSYNC_STATE", "bash", "../script.sh"],
            cwd=folder,
            env=environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )
    shown = _ID.sub(_Ids(), _URL.sub("http://127.0.0.1:8787", done.stdout).replace(home, "/home/you"))
    parts = shown.split(_END)
    results = []
    for printed, status in zip(parts[::2], parts[1::2], strict=False):
        number, code, failed = map(int, status.split())
        results.append((number, printed, code, bool(failed)))
    if len(results) != sum(len(block.commands) for block in blocks if block.runs):
        raise SystemExit(f"the shell stopped early:\n{parts[-1]}\n{done.stderr}")
    return results


def renewed(page: str) -> str:
    """The page with what its commands print today.

    Raises:
        SystemExit: a command ended otherwise than the page says.
    """
    blocks = blocks_of(page)
    if not any(block.runs for block in blocks):
        return page
    texts: dict[int, str] = {}
    commands = {number: iter(block.commands) for number, block in enumerate(blocks)}
    for number, printed, code, failed in run(blocks):
        block, command = blocks[number], next(commands[number])
        expected = int(block.notes.get("ends with", "0"))
        if code != expected or (failed and not expected):
            raise SystemExit(f"exit {code} in place of {expected}:\n{command}\n{printed}")
        if block.language == "console":
            rest = "".join(f"{line.rstrip()}\n" for line in printed.splitlines())
            texts[number] = texts.get(number, "") + f"$ {command}\n{rest}"
    for number, text in sorted(texts.items(), reverse=True):
        page = page[: blocks[number].start] + text + page[blocks[number].end :]
    return page


def main() -> None:
    """Renew the pages that are named, or all."""
    for path in [Path(name) for name in sys.argv[1:]] or PAGES:
        text = path.read_text(encoding="utf-8")
        path.write_text(renewed(text), encoding="utf-8")
        sys.stdout.write(f"{path}\n")


if __name__ == "__main__":
    main()
