"""The HTTP library, imported only here: httpx2 if it is installed (extra ``httpx2``), else httpx.

httpx2 continues httpx with the same interface, and takes about 0.6 of the time (``docs/benchmarks.md``). Each comes
with its own HTTP/1.1 library: httpcore2 or httpcore.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import httpcore
    import httpx
else:
    try:
        import httpcore2 as httpcore
        import httpx2 as httpx
    except ImportError:
        import httpcore
        import httpx

__all__ = ["httpcore", "httpx"]
