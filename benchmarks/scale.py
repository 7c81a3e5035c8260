"""The cost of each entry, with 10,000 and 100,000 entries in a thousand workspaces.

An apply of 100,000 entries takes longer than everything else here together. So fbsync's own functions write the
lockfiles that plans need, and applies are measured at a tenth of the sizes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from benchmarks import lockfiles
from benchmarks.places import environment, fbsync, folder, manifest
from benchmarks.rows import Row, shown
from benchmarks.servers import instant
from benchmarks.timing import Command

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from benchmarks.timing import Spent

_FEW, _MANY = 10_000, 100_000
_APPLIED = (1_000, 10_000)
_SECRETS = 50
_WORKSPACES = 1_000
_GROWTH = 11.0
_PER_ENTRY = 12.0
"""The limit for ten times the entries: up to a fifth more for each."""
_MOST_BYTES = 600 * 1000**2
_RENDER_SECONDS, _RENDER_BYTES = 3.0, 200 * 1000**2


def rows(root: Path) -> Iterator[Row]:
    """The rows of this family."""
    places = {
        entries: folder(root, f"of-{entries}", entries=entries, secrets=_SECRETS, workspaces=_WORKSPACES)
        for entries in (_FEW, _MANY)
    }
    yield _grown("validate", _PER_ENTRY, *(_run(place, "validate", expected="no ") for place in places.values()))
    yield _grown("apply", _PER_ENTRY, *_applied(root, places), entries=_APPLIED)
    for entries, place in places.items():
        lockfiles.write(place, entries=entries, secrets=_SECRETS, workspaces=_WORKSPACES)
    few, many = (_run(place, "plan", expected="No changes.") for place in places.values())
    yield _grown("plan", _GROWTH, few, many)
    yield _bounded(f"no-op `plan`, {_MANY:,} entries", "its own memory", many, most_bytes=_MOST_BYTES)
    yield from _renderings(places[_FEW])


def _applied(root: Path, places: dict[int, Path]) -> Iterator[Spent]:
    """Apply new entries to a server that answers at once."""
    fewer, more = _APPLIED
    place = folder(root, f"of-{fewer}", entries=fewer, secrets=_SECRETS, workspaces=_WORKSPACES)
    with instant() as server:
        for entries, where in ((fewer, place), (more, places[more])):
            yield _run(where, "apply", "--yes", "--no-refresh", expected=f" {entries} added", **server)


def _run(place: Path, *argv: str, expected: str, **variables: str) -> Spent:
    argv = fbsync(*argv)
    return Command(argv=argv, folder=place, environment=environment(_SECRETS, **variables), expected=expected).run()


def _grown(command: str, limit: float, few: Spent, many: Spent, entries: tuple[int, int] = (_FEW, _MANY)) -> Row:
    ratio = many.seconds / few.seconds
    return Row(
        work=f"`{command}`, {entries[1]:,} entries in {_WORKSPACES:,} workspaces",
        peer=f"itself at {entries[0]:,}",
        target=f"≤ {limit:g} x",
        measured=f"{ratio:.1f} x",
        is_met=ratio <= limit,
        took=f"{shown(many.seconds)}, {shown(few.seconds)}; {_megabytes(many)}, {_megabytes(few)}",
    )


def _bounded(work: str, peer: str, spent: Spent, *, most_bytes: int, most_seconds: float | None = None) -> Row:
    in_time = most_seconds is None or spent.seconds < most_seconds
    return Row(
        work=work,
        peer=peer,
        target=("" if most_seconds is None else f"< {most_seconds:g} s, ") + f"< {most_bytes / 1000**2:.0f} MB",
        measured=("" if most_seconds is None else f"{shown(spent.seconds)}, ") + _megabytes(spent),
        is_met=in_time and spent.peak_bytes < most_bytes,
        took=shown(spent.seconds),
    )


def _megabytes(spent: Spent) -> str:
    return f"{spent.peak_bytes / 1000**2:.0f} MB"


def _renderings(place: Path) -> Iterator[Row]:
    """Show a saved plan that changes every entry."""
    changed = manifest(_FEW, _SECRETS, workspaces=_WORKSPACES, host="other")
    (place / "fbsync.yaml").write_text(changed, encoding="utf-8")
    _run(place, "plan", "--out", "plan.json", expected=f"{_FEW} to change")
    for format_, expected in (("html", "</html>"), ("markdown", "to change")):
        spent = _run(place, "show", "plan.json", "--format", format_, expected=expected)
        work = f"`show --format {format_}` of {_FEW:,} changes"
        yield _bounded(work, "itself", spent, most_bytes=_RENDER_BYTES, most_seconds=_RENDER_SECONDS)
