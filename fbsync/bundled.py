"""The files of fbsync that are not code: schemas and recipes, wherever it is installed.

Found by this module's own path: ``importlib.resources`` would do the same, and takes 15 ms to load, which each ``plan``
and ``validate`` would pay.
"""

from __future__ import annotations

from pathlib import Path


def bundled(*, in_wheel: str, in_checkout: str) -> Path:
    """A bundled file or folder.

    Args:
        in_wheel: its path in the package, as a wheel has it.
        in_checkout: its path in the checkout, which an editable installation reads.
    """
    package = Path(__file__).parent
    installed = package / in_wheel
    return installed if installed.exists() else package.parent / in_checkout
