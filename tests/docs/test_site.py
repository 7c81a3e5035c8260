"""The documentation's site builds without a warning, has every page, and loads nothing from elsewhere."""

import re
import shutil
import subprocess
import sys
import tomllib
from html.parser import HTMLParser
from pathlib import Path

import pytest
from page_blocks import ROOT

pytest.importorskip("zensical", reason="zensical is not installed: pip install '.[docs]'")
LOADING = {"link": "href", "script": "src", "img": "src", "iframe": "src", "source": "src", "video": "src"}


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    folder = tmp_path_factory.mktemp("site")
    shutil.copy(ROOT / "zensical.toml", folder)
    shutil.copytree(ROOT / "docs", folder / "docs", ignore=shutil.ignore_patterns("__pycache__"))
    command = [Path(sys.executable).with_name("zensical"), "build", "--strict", "--clean"]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return folder / "site"


class Loads(HTMLParser):
    """What a page loads by itself."""

    def __init__(self):
        super().__init__()
        self.found = []

    def handle_starttag(self, tag, attrs):
        self.found += [value for name, value in attrs if LOADING.get(tag) == name and value]


def test_nothing_is_loaded_from_elsewhere(site):
    pages = sorted(site.rglob("*.html"))
    assert len(pages) > 40
    for page in pages:
        parser = Loads()
        parser.feed(page.read_text())
        assert parser.found
        assert not [url for url in parser.found if re.match(r"https?:|//", url)], page
    for style in site.rglob("*.css"):
        assert not re.search(r"(url\(|@import)\s*[\"']?(https?:)?//", style.read_text()), style


def test_every_page_is_in_the_navigation():
    """All but the commands, which one page lists."""
    text = (ROOT / "zensical.toml").read_text()
    listed = set(re.findall(r'"([\w./-]+\.md)"', str(tomllib.loads(text)["project"]["nav"]).replace("'", '"')))
    pages = {str(page.relative_to(ROOT / "docs")) for page in (ROOT / "docs").rglob("*.md")}
    assert {page for page in pages if not page.startswith("commands/fbsync")} == listed
