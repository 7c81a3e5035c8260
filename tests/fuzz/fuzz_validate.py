"""Fuzz `fbsync validate` with mutated manifests: python tests/fuzz/fuzz_validate.py [COUNT] [SEED].

Each goes through the command line's own ``main``, in one of its formats. An exit code other than 0 and 3, an
internal error, an output that is not a document of its format, a credential in the output, or an input that takes
longer than ten seconds ends the run. The input is then kept in a file, so that it can become a case.
"""

from __future__ import annotations

import contextlib
import io
import json
import random
import signal
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path
from xml.etree import ElementTree as ET

from fuzz_loader import mutated

from fbsync.cli import main

ROOT = Path(__file__).parents[2]
PATIENCE = 10
FORMATS = ("text", "json", "github", "sarif", "junit")
CANARY = "zq7Xk2Vw9Rt4"
"""A credential that is put where people leave one by mistake. No part of it may be printed."""
WORDS = [
    *(b"secret", b"key", b"aiType", b"endpoint", b"name", b"workspaceId", b"previousName", b"protect"),
    *(b"llms", b"environments", b"version", b"null", b"true", b"OPENAI", b"AWS", b"$NAME", b"${A}", b"$<B>", b"$"),
    *(b"https://x.example.com", b"http://h", b"1", b"[]", b"{}", b"apiKey", b"staging"),
]


def corpus() -> list[bytes]:
    """The examples and the golden cases."""
    paths = [*ROOT.glob("examples/*/*.yaml"), *ROOT.glob("tests/cases/**/*.y*ml")]
    return [data for path in sorted(paths) if len(data := path.read_bytes()) < 4_000]


def manifest(rng: random.Random, seeds: list[bytes]) -> tuple[bytes, bool]:
    """A manifest with a few mistakes, and whether it has a credential in it."""
    data = rng.choice(seeds)
    for _ in range(rng.randrange(4)):
        words = data.split()
        if words:
            data = data.replace(rng.choice(words), rng.choice(WORDS), rng.choice((1, -1)))
    if rng.random() < 0.25:
        data = mutated(rng, [data, *seeds[:3]])
    has_canary = rng.random() < 0.3
    if has_canary:
        data = data.replace(rng.choice((b"$OPENAI_API_KEY", b"$", b"secret: ")), b"secret: " + CANARY.encode(), 1)
    return data, has_canary and CANARY.encode() in data


def check(output: str, format_: str) -> None:
    """Check that an output is a document of its format."""
    if format_ in ("json", "sarif"):
        json.loads(output)
    elif format_ == "junit":
        ET.fromstring(output)


def run(count: int, seed: int) -> Counter[str]:
    """Run this many inputs; return how many had which result."""
    rng, seeds, seen = random.Random(seed), corpus(), Counter[str]()
    with tempfile.TemporaryDirectory() as folder, contextlib.chdir(folder):
        path = Path("fbsync.yaml")
        for _ in range(count):
            data, has_canary = manifest(rng, seeds)
            format_ = rng.choice(FORMATS)
            path.write_bytes(data)
            signal.alarm(PATIENCE)
            with contextlib.redirect_stdout(io.StringIO()) as out, contextlib.redirect_stderr(io.StringIO()) as err:
                code = main(["validate", "--format", format_, *rng.choice(([], ["--strict"], ["-e", "staging"]))])
            signal.alarm(0)
            try:
                assert code in (0, 3), f"exit {code}: {err.getvalue()}"
                check(out.getvalue(), format_)
                assert not (has_canary and CANARY in out.getvalue() + err.getvalue()), "the credential was printed"
            except Exception:
                kept = Path(tempfile.gettempdir()) / f"fuzz-validate-{seed}.yaml"
                kept.write_bytes(data)
                print(f"--format {format_}: see {kept}")
                raise
            seen[f"exit {int(code)}"] += 1
    return seen


if __name__ == "__main__":
    amount = int(sys.argv[1]) if len(sys.argv) > 1 else 10_000
    number = int(sys.argv[2]) if len(sys.argv) > 2 else 1
    began = time.monotonic()
    print(dict(run(amount, number)), f"seed {number}, {time.monotonic() - began:.0f} s")
