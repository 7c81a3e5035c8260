"""fbsync from Python: what is pending, then the changes, and the outcome of each entry.

In a sandbox: OPENAI_API_KEY=made-up ANTHROPIC_API_KEY=made-up fbsync sandbox run -- python sync.py
"""

import sys
from pathlib import Path

import fbsync


def main() -> int:
    """Apply the manifest next to this file; return the exit status that ``fbsync apply`` would have."""
    try:
        inputs = fbsync.load(Path(__file__).with_name("fbsync.yaml"))
        pending = fbsync.plan(inputs)
        for change in pending.plan.changes:
            print(f"{type(change).__name__}: {fbsync.name_of(change)}")
        applied = fbsync.apply(inputs, on_outcome=lambda outcome: print(outcome.result, fbsync.name_of(outcome.change)))
    except fbsync.InvalidInput as error:
        for finding in error.findings:
            print(f"{finding.position.file}:{finding.position.line}: {finding.message}", file=sys.stderr)
        return error.exit_code
    except fbsync.FbsyncError as error:
        print(f"{error.message}; {error.hint}", file=sys.stderr)
        return error.exit_code
    return applied.exit_code


if __name__ == "__main__":
    sys.exit(main())
