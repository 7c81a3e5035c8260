"""The HTTP library, imported here alone: httpx2 where it is installed (extra ``httpx2``), else httpx.

httpx2 continues httpx with the same interface and takes about 0.6 of the time (``docs/benchmarks.md``).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import httpx
else:
    try:
        import httpx2 as httpx
    except ImportError:
        import httpx

__all__ = ["httpx"]
