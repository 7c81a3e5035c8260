"""The recorded session: its script still runs and prints the same, except for ids and seconds."""

import re
import subprocess
import sys

import pytest
from cli_world import ROOT

FOLDER = ROOT / "docs" / "session"


def told(text):
    return re.sub(r"[0-9a-f]{8}-[0-9a-f-]{27}|[0-9.]+ seconds", "…", text)


def entries(text):
    """The lines that applies print when a request returns, which may come in any order."""
    return sorted(told(text).splitlines())


@pytest.mark.thorough
def test_the_session_is_that_of_today(tmp_path):
    page = tmp_path / "session.md"
    subprocess.run([sys.executable, FOLDER / "record.py", page], check=True)
    assert entries(page.read_text()) == entries((FOLDER / "README.md").read_text()), (
        "run: python docs/session/record.py"
    )
