"""``python -m fbsync``: the same as the console script."""

from fbsync.cli import program

if __name__ == "__main__":
    program()
