"""The HTML report and the comment in a real browser: Debian's chromium, driven by Playwright, checked by axe-core."""

import itertools
import re
import shutil
import subprocess
from pathlib import Path

import pytest
from plans import COMPARED, document, every_kind, hostile_names, wide_names
from test_page import all_environments, some_drift

from fbsync.render.drift_html import drift_html
from fbsync.render.plan_html import plan_html, plans_html

HERE = Path(__file__).parent
FLAGS = [
    *("--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
]
PAGES = {
    "every kind": lambda: plan_html(document(every_kind(), environment="production")),
    "hostile names": lambda: plan_html(document(hostile_names())),
    "wide names": lambda: plan_html(document(wide_names())),
    "all environments": lambda: plans_html(all_environments(), [("broken", "the lockfile is not what fbsync wrote")]),
    "drift": lambda: drift_html(some_drift(), environment="staging", compared=COMPARED),
}
RULES = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]}


@pytest.fixture(scope="module")
def browser():
    playwright = pytest.importorskip("playwright.sync_api", reason="Playwright for Python is not installed")
    chromium = shutil.which("chromium")
    if chromium is None:
        pytest.skip("chromium is not installed (Debian: apt-get install chromium)")
    with playwright.sync_playwright() as running:
        started = running.chromium.launch(executable_path=chromium, args=FLAGS)
        yield started
        started.close()


@pytest.fixture(scope="module")
def axe(tmp_path_factory):
    """The checker's source, installed from the registry as package-lock.json pins it."""
    if not (shutil.which("node") and shutil.which("npm")):
        pytest.skip("node and npm are not installed")
    folder = tmp_path_factory.mktemp("axe")
    for name in ("package.json", "package-lock.json"):
        shutil.copy(HERE / name, folder)
    command = ["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--fetch-retries=0", "--fetch-timeout=20000"]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    if done.returncode:
        assert re.search("ENOTFOUND|ETIMEDOUT|ECONNREFUSED|EAI_AGAIN|network", done.stderr), done.stderr
        pytest.skip("npm's registry cannot be reached")
    return (folder / "node_modules" / "axe-core" / "axe.min.js").read_text(encoding="utf-8")


@pytest.fixture
def opened(browser, tmp_path):
    """Opens a document from a file; whatever it asks for beside itself, or complains of, is in ``trouble``."""
    contexts = []

    def open_(source, *, width=1280, scheme="light", **more):
        path = tmp_path / "report.html"
        path.write_text(source, encoding="utf-8")
        context = browser.new_context(viewport={"width": width, "height": 900}, color_scheme=scheme, **more)
        contexts.append(context)
        page = context.new_page()
        page.trouble = []
        page.on("request", lambda request: page.trouble.append(request.url) if request.url != path.as_uri() else None)
        page.on("console", lambda message: page.trouble.append(message.text))
        page.on("pageerror", lambda error: page.trouble.append(str(error)))
        page.goto(path.as_uri())
        return page

    yield open_
    for context in contexts:
        context.close()


@pytest.mark.parametrize(
    ("name", "width", "scheme"),
    [
        *itertools.product(("every kind", "drift"), (390, 1280), ("light", "dark")),
        ("hostile names", 390, "light"),
        ("wide names", 390, "dark"),
    ],
)
def test_a_report_is_accessible_and_fits(opened, axe, name, width, scheme):
    page = opened(PAGES[name](), width=width, scheme=scheme)
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert page.trouble == []
    page.evaluate(axe)
    found = page.evaluate("rules => axe.run(document, rules)", RULES)
    assert [(item["id"], [node["html"] for node in item["nodes"]]) for item in found["violations"]] == []
    assert len(found["passes"]) > 15


def test_kinds_are_hidden_and_shown_by_keyboard_and_without_a_script(opened):
    page = opened(PAGES["every kind"](), java_script_enabled=False)
    ledger, embeddings = (page.locator("h3", has_text=name) for name in ("Ledger", "Embeddings"))
    assert ledger.is_visible()
    assert embeddings.is_visible()
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    page.keyboard.press("Space")
    assert not ledger.is_visible()
    assert embeddings.is_visible()
    page.keyboard.press("Space")
    assert ledger.is_visible()


def test_the_box_that_has_the_focus_is_seen(opened):
    page = opened(PAGES["every kind"]())
    page.keyboard.press("Tab")
    outline = "label => getComputedStyle(label).outlineStyle"
    assert page.locator("label.kind").first.evaluate(outline) == "solid"
    assert page.locator("label.kind").nth(1).evaluate(outline) == "none"


def test_a_report_follows_the_readers_colours(opened):
    backgrounds = {
        scheme: opened(PAGES["every kind"](), scheme=scheme).evaluate("getComputedStyle(document.body).backgroundColor")
        for scheme in ("light", "dark")
    }
    assert backgrounds == {"light": "rgb(246, 247, 249)", "dark": "rgb(14, 17, 22)"}


def test_nothing_that_is_put_into_the_page_runs(opened):
    """The policy is the second line of defence: what were to slip through would not run, and would load nothing."""
    source = PAGES["every kind"]().replace(
        "</main>",
        "<script>document.title = 'run'</script><img src='http://127.0.0.1:9/x' onerror='document.title=2'></main>",
    )
    page = opened(source)
    assert page.title() == "fbsync plan: production"
    assert {word for message in page.trouble for word in re.findall("inline script|the image|event handler", message)}
