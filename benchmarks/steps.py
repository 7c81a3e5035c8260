"""Run fbsync and count its steps, into ``steps.json``: the executed lines of its code.

Each round of a loop or a comprehension counts. So the count shows what grows faster than its input, on a machine of
any speed.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

import fbsync
from fbsync.cli import main

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import FrameType

    Tracer: TypeAlias = Callable[[FrameType, str, object], "Tracer | None"]

_OURS = str(Path(fbsync.__file__).parent)


class Steps:
    """Count the executed lines of fbsync's code."""

    def __init__(self) -> None:
        self.count = 0

    def trace(self, frame: FrameType, _event: str, _argument: object) -> Tracer | None:
        return self._line if frame.f_code.co_filename.startswith(_OURS) else None

    def _line(self, _frame: FrameType, event: str, _argument: object) -> Tracer:
        if event == "line":
            self.count += 1
        return self._line


if __name__ == "__main__":
    steps = Steps()
    sys.settrace(steps.trace)
    status = main(sys.argv[1:])
    sys.settrace(None)
    Path("steps.json").write_text(json.dumps(steps.count), encoding="utf-8")
    sys.exit(status)
