"""The scripts that make pages and pictures load, so the code that they use exists."""

import subprocess
import sys

import pytest
from page_blocks import ROOT


@pytest.mark.parametrize("script", ["docs/plans/make.py", "docs/session/record.py"])
def test_a_script_finds_what_it_uses(script):
    code = f"import runpy; runpy.run_path({str(ROOT / script)!r}, run_name='loaded')"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
