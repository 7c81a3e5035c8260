"""``python -m fbsync``: the same as the console script."""

import sys

from fbsync.cli import main

if __name__ == "__main__":
    sys.exit(main())
