"""Write lockfiles with fbsync's own functions, since an apply would take too long: ``python -m benchmarks.lockfiles``.

It is a separate program, since its memory would count for whatever the process runs next.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from benchmarks.places import TYPES, WORKSPACE, credentials
from fbsync.calendar import today
from fbsync.model.configurations import Field, LockedCredential, LockedLlm
from fbsync.model.secret import Secret
from fbsync.settings import DEFAULT_API_URL
from fbsync.state.fingerprint import Fingerprinter, new_parameters
from fbsync.state.lockfile import Lockfile, write_lockfile


def write(place: Path, *, entries: int, secrets: int, workspaces: int) -> None:
    """Write the lockfile of a manifest (``places.manifest``), in another process."""
    argv = [sys.executable, "-m", "benchmarks.lockfiles", str(place), str(entries), str(secrets), str(workspaces)]
    subprocess.run(argv, cwd=Path(__file__).parents[1], check=True)


def _written(place: Path, entries: int, secrets: int, workspaces: int) -> None:
    """Write the lockfile that an apply of such a manifest leaves, without a server."""
    values = credentials(secrets)
    fingerprints = Fingerprinter(new_parameters(None), key=None)

    def entry(number: int) -> LockedLlm:
        llm_id, reference = f"{number + 1:08}-0000-4000-8000-000000000000", f"SECRET_{number % secrets}"
        value = Secret(values[reference], reference=reference)
        fingerprint = fingerprints.fingerprint(value, llm_id=llm_id, field=Field.SECRET)
        return LockedLlm(
            id=llm_id,
            name=f"Configuration {number}",
            workspace_id=f"{WORKSPACE}-{number % workspaces}",
            ai_type=TYPES[number % len(TYPES)],
            endpoint=f"https://llm-{number}.example.com/v1",
            secret=LockedCredential(reference=reference, fingerprint=fingerprint, sent_on=today()),
            declared_in="fbsync.yaml",
        )

    lockfile = Lockfile(api_url=DEFAULT_API_URL, fingerprints=fingerprints.parameters)
    write_lockfile(place / "fbsync.lock", lockfile.with_llms(map(entry, range(entries))))


if __name__ == "__main__":
    [where, *numbers] = sys.argv[1:]
    _written(Path(where), *map(int, numbers))
