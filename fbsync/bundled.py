"""Find fbsync's files that are not code (schemas and recipes), wherever fbsync is installed.

They are found by this module's own path. ``importlib.resources`` would do the same, but takes 15 ms to load in each
``plan`` and ``validate``.
"""

from __future__ import annotations

from pathlib import Path


def bundled(*, in_wheel: str, in_checkout: str) -> Path:
    """Return the path of a bundled file or folder.

    Args:
        in_wheel: its path in the package of a wheel.
        in_checkout: its path in the checkout, which an editable installation reads.
    """
    package = Path(__file__).parent
    installed = package / in_wheel
    return installed if installed.exists() else package.parent / in_checkout
