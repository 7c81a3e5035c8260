# ruff: noqa: INP001, T201 - a script that reports
"""Looks the packages of a requirements file up in the registry's list of vulnerabilities, with pip-audit.

Usage: python .ci/audit.py FILE, or with `-` the JSON of a pip-audit run on standard input.

It ends with 1 where there is a vulnerability. Where the registry tells nothing, it says that nothing was checked, and
ends with 0: pip-audit would report the same as "no known vulnerabilities".
"""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Any


def audited(file: str) -> str:
    """What pip-audit found of a file, as JSON; nothing where it could not look."""
    command = [sys.executable, "-m", "pip_audit", "--disable-pip", "--require-hashes", "--requirement", file]
    done = subprocess.run(  # noqa: S603 - pip-audit, with the file that the caller names
        [*command, "--format", "json", "--progress-spinner", "off"], capture_output=True, text=True, check=False
    )
    return done.stdout


def main() -> int:
    """Reports; gives the exit status."""
    text = sys.stdin.read() if sys.argv[1] == "-" else audited(sys.argv[1])
    packages: list[dict[str, Any]] = json.loads(text)["dependencies"] if text.strip() else []
    checked = [package for package in packages if "skip_reason" not in package]
    if not checked:
        print("skipped: the registry tells nothing of vulnerabilities here")
        return 0
    found = [(package, vulnerability) for package in checked for vulnerability in package["vulns"]]
    for package, vulnerability in found:
        fixed = ", ".join(vulnerability.get("fix_versions", ())) or "no version yet"
        print(f"{package['name']} {package['version']}: {vulnerability['id']}, fixed in {fixed}")
    unknown = len(packages) - len(checked)
    print(f"{len(checked)} packages checked, {len(found)} vulnerabilities, {unknown} packages unknown to the registry")
    return 1 if found else 0


if __name__ == "__main__":
    raise SystemExit(main())
