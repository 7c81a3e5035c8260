"""The page of pictures: each is there, and small enough for a repository."""

import re
from pathlib import Path

FOLDER = Path(__file__).parents[2] / "docs" / "plans"
PNG = b"\x89PNG\r\n\x1a\n"


def test_the_page_shows_every_picture_that_there_is():
    shown = re.findall(r"\]\(([\w-]+\.png)\)", (FOLDER / "README.md").read_text(encoding="utf-8"))
    assert sorted(shown) == sorted(path.name for path in FOLDER.glob("*.png"))
    assert len(shown) == len(set(shown)) == 10


def test_pictures_are_small():
    for path in FOLDER.glob("*.png"):
        assert path.read_bytes().startswith(PNG)
        assert path.stat().st_size < 150_000
