"""Fuzz the loader with mutated YAML: python tests/fuzz/fuzz_loader.py [COUNT] [SEED].

An exception, a value of another type, a position outside the text, or an input that takes longer than
ten seconds ends the run. The input is then printed, so that it can become a test.
"""

from __future__ import annotations

import json
import random
import signal
import sys
import time
from collections import Counter
from pathlib import Path
from typing import Any

from fbsync.strict_yaml.loader import parse_document

SUITE = Path(__file__).parents[3] / "shared" / "data" / "yaml-test-suite.json"
PATIENCE = 10
SEEDS = [
    b"version: 1\nworkspaceId: $W\nllms:\n  - name: A\n    aiType: OPENAI\n    secret: ${S}\n    protect: true\n",
    b"environments:\n  staging:\n    llms:\n      A: {endpoint: 'https://x', secret: \"$S\"}\n      B: null\n",
    b"a: &a [1, 0x2, 3.4e5]\nb: *a\n? c\n: |-\n  text\n  more\nd: >+\n  folded\n\n",
    b"%YAML 1.2\n---\na: 1\n...\n# end\n",
    b"<<<<<<< HEAD\na: 1\n=======\na: 2\n>>>>>>> topic\n",
]
PIECES = [
    *(
        b"\n",
        b"\n  ",
        b"\r\n",
        b"\r",
        b" ",
        b"\t",
        b":",
        b": ",
        b"- ",
        b"? ",
        b"?",
        b",",
        b"[",
        b"]",
        b"{",
        b"}",
        b'"',
        b"'",
    ),
    *(
        b"#",
        b" #",
        b"|",
        b">",
        b"&a ",
        b"*a ",
        b"!t ",
        b"<<: ",
        b"%",
        b"---\n",
        b"...\n",
        b"@",
        b"`",
        b"~",
        b"null",
        b"0o7",
    ),
    *(
        b"\xef\xbb\xbf",
        b"\xc3\xa9",
        b"\xe2\x80\xa8",
        b"\xc2\x85",
        b"\xf0\x9f\x98\x80",
        b"\xff",
        b"\x00",
        b"\\",
        b"\\x41",
    ),
]


def corpus() -> list[bytes]:
    """The inputs to start from: those above, and the yaml-test-suite if it is there."""
    cases = json.loads(SUITE.read_text())["cases"] if SUITE.is_file() else []
    return [*SEEDS, *(case["yaml"].encode() for case in cases)]


def mutated(chance: random.Random, seeds: list[bytes]) -> bytes:
    """One of the inputs with up to six changes."""
    data = bytearray(chance.choice(seeds))
    for _ in range(chance.randint(1, 6)):
        at = chance.randint(0, len(data))
        change = chance.random()
        if change < 0.4:
            data[at:at] = chance.choice(PIECES)
        elif change < 0.6:
            del data[at : at + chance.randint(1, 4)]
        elif change < 0.7:
            data[at : at + 1] = bytes([chance.randrange(256)])
        elif change < 0.85:
            other = chance.choice(seeds)
            start = chance.randint(0, len(other))
            data[at:at] = other[start : start + chance.randint(1, 40)]
        else:
            data[at:at] = data[max(0, at - chance.randint(1, 20)) : at] * chance.randint(1, 3)
    return bytes(data)


def check(data: bytes) -> list[str]:
    """Load an input and check the result; return the rules of its findings."""
    document = parse_document(data, file="m.yaml")
    last = document.source.count("\n") + document.source.count("\r") + 1
    for finding in document.findings:
        assert finding.message, "a finding without a message"
        assert 0 <= finding.position.line <= last, "a finding outside of the text"
    pending: list[tuple[tuple[str | int, ...], Any]] = [((), document.value)]
    while pending:
        path, value = pending.pop()
        assert type(value) in {dict, list, str, int, float, bool, type(None)}, "a foreign type"
        assert 0 <= document.position_of(path).line <= last, "a value outside of the text"
        assert 0 <= document.position_of_key(path).line <= last, "a key outside of the text"
        inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
        pending += [((*path, step), item) for step, item in inner]
    return [finding.rule for finding in document.findings]


def main(count: int, seed: int) -> None:
    """Run, and print how many inputs of each kind there were."""
    chance, seeds = random.Random(seed), corpus()
    rules: Counter[str] = Counter()
    slowest = 0.0
    for _ in range(count):
        data = mutated(chance, seeds)
        signal.alarm(PATIENCE)
        began = time.perf_counter()
        try:
            found = check(data)
        except BaseException:
            sys.stderr.write(f"FAILED on {data!r}\n")
            raise
        slowest = max(slowest, time.perf_counter() - began)
        rules.update(set(found) or {"(clean)"})
    signal.alarm(0)
    lines = [f"{count:,} inputs from {len(seeds)} seeds, random seed {seed}; slowest: {slowest * 1000:.1f} ms"]
    lines += [f"{times:10,}  {rule}" for rule, times in rules.most_common()]
    sys.stdout.write("\n".join(lines) + "\n")


def give_up(*_: object) -> None:
    """Stop waiting for an input."""
    raise TimeoutError(f"an input took longer than {PATIENCE} seconds")


if __name__ == "__main__":
    numbers = [int(argument) for argument in sys.argv[1:]]
    signal.signal(signal.SIGALRM, give_up)
    main(*numbers, *(100_000, 1)[len(numbers) :])
