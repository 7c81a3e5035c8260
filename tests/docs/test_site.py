"""The documentation's site builds without a warning, has every page, and loads nothing from elsewhere."""

import re
import shutil
import subprocess
import sys
import tomllib
from html.parser import HTMLParser
from pathlib import Path

import pytest
from browser import chromium
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
    """The files that a page loads."""

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


BROKEN = """() => {
    const lines = box => Math.round(box.getBoundingClientRect().height / parseFloat(getComputedStyle(box).lineHeight));
    const names = [...document.querySelectorAll("article td:first-child code")].filter(box => lines(box) > 1);
    return names.map(box => box.textContent).concat(
        [...document.images].filter(image => image.naturalWidth === 0).map(image => image.src),
        document.documentElement.scrollWidth > document.documentElement.clientWidth ? ["it scrolls sideways"] : [],
    );
}"""


@pytest.mark.thorough
@pytest.mark.parametrize("width", [390, 1280])
def test_pages_fit_a_screen_and_names_in_tables_stay_whole(site, width):
    with chromium() as browser:
        page = browser.new_page(viewport={"width": width, "height": 900})
        found = {}
        for path in sorted(site.rglob("*.html")):
            if path.name != "404.html" and not path.name.startswith("fbsync-"):
                page.goto(path.as_uri(), wait_until="load")
                found[str(path.relative_to(site))] = page.evaluate(BROKEN)
    assert len(found) > 30
    assert {name: broken for name, broken in found.items() if broken} == {}


def test_every_page_is_in_the_navigation():
    """The navigation has every page except those of the commands, which one page lists."""
    text = (ROOT / "zensical.toml").read_text()
    listed = set(re.findall(r'"([\w./-]+\.md)"', str(tomllib.loads(text)["project"]["nav"]).replace("'", '"')))
    pages = {str(page.relative_to(ROOT / "docs")) for page in (ROOT / "docs").rglob("*.md")}
    assert {page for page in pages if not page.startswith("commands/fbsync")} == listed
