"""The HTML report and the comment in a real browser: Debian's chromium, driven by Playwright, checked by axe-core."""

import itertools
import re
import shutil
import subprocess
from pathlib import Path

import pytest
from browser import chromium
from plans import document, every_kind, golden, hostile_names, many_changes, some_drift, wide_names
from results import RESULTS
from selection import few_of
from test_page import all_environments

from fbsync.render.drift_html import drift_html
from fbsync.render.plan_html import plan_html, plans_html
from fbsync.render.result_html import result_html

HERE = Path(__file__).parent
PAGES = {
    "every kind": lambda: plan_html(document(every_kind(), environment="production")),
    "hostile names": lambda: plan_html(document(hostile_names())),
    "wide names": lambda: plan_html(document(wide_names())),
    "all environments": lambda: plans_html(all_environments(), [("broken", "the lockfile is not what fbsync wrote")]),
    "drift": lambda: drift_html(some_drift()),
    "3 changes": lambda: plan_html(document(many_changes(3), environment="production")),
    "50 changes": lambda: plan_html(document(many_changes(50, 2), environment="production")),
    "300 changes": lambda: plan_html(document(many_changes(300, 5), environment="production")),
    "refused": lambda: plan_html(golden("refused")),
    "all done": lambda: result_html(RESULTS["result-all-done"]()),
    "partly done": lambda: result_html(RESULTS["result-partly"]()),
    "nothing done": lambda: result_html(RESULTS["result-guarded"]()),
    "hostile results": lambda: result_html(RESULTS["result-hostile"]()),
}
RULES = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]}


@pytest.fixture(scope="module")
def browser():
    with chromium() as started:
        yield started


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
    """Open a document from a file; ``trouble`` gets its other requests and its complaints."""
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
    few_of(
        [
            *itertools.product(("every kind", "drift", "50 changes"), (390, 1280), ("light", "dark")),
            *itertools.product(("3 changes", "300 changes"), (390, 1280), ("light",)),
            ("refused", 390, "dark"),
            ("all environments", 390, "light"),
            ("hostile names", 390, "light"),
            ("wide names", 390, "dark"),
        ],
        ("every kind", 390, "light"),
        ("drift", 1280, "dark"),
    ),
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


@pytest.mark.parametrize(
    "name",
    few_of(
        ["every kind", "hostile names", "wide names", "all environments", "drift", "300 changes", "all done"],
        *("wide names", "all done"),
    ),
)
def test_no_table_is_cut_on_a_phone(opened, name):
    page = opened(PAGES[name](), width=390)
    widths = page.evaluate(
        "[...document.querySelectorAll('table, .overview')].map(e => [e.scrollWidth, e.clientWidth])"
    )
    assert widths
    assert all(content <= shown for content, shown in widths), widths
    right = "Math.max(...[...document.querySelectorAll('td, th')].map(e => e.getBoundingClientRect().right))"
    assert page.evaluate(right) <= 390


def test_a_long_report_is_a_page_of_lines_that_open(opened):
    page = opened(PAGES["300 changes"]())
    assert page.evaluate("document.documentElement.scrollHeight") < 35_000
    card = page.locator("article.folded", has_text="Chat 000")
    assert not card.get_by_text("https://api.openai.com/v1").last.is_visible()
    page.get_by_role("link", name="Chat 000").click()
    card.locator("dl").wait_for(state="visible", timeout=5_000)


def test_a_long_report_is_filtered_by_any_of_its_words(opened):
    page = opened(PAGES["300 changes"]())
    page.get_by_label("Filter by text").fill("RESEARCH proxy-3")
    shown = page.locator("article.folded:visible")
    told = page.locator("output").text_content()
    assert told == f"{shown.count()} of 300 shown"
    assert 0 < shown.count() < 20
    assert page.locator("nav tr[id]:visible").count() == shown.count()
    assert page.locator("section:visible").count() == 1
    page.get_by_label("Filter by text").fill("no such words")
    assert page.locator("article.folded:visible").count() == page.locator("nav tr[id]:visible").count() == 0
    page.get_by_label("Filter by text").fill("")
    assert page.locator("article.folded:visible").count() == 300


def test_without_a_script_a_long_report_lacks_nothing_but_the_filter(opened):
    page = opened(PAGES["50 changes"](), java_script_enabled=False)
    assert not page.get_by_label("Filter by text").is_visible()
    card = page.locator("article.folded", has_text="Chat 000")
    card.locator("summary").click()
    assert card.locator("dl").is_visible()
    page.get_by_role("checkbox", name="to add").uncheck()
    assert not card.is_visible()
    assert page.locator("nav tr.row-create:visible").count() == 0


@pytest.mark.parametrize("name", ["every kind", "50 changes"])
def test_nothing_that_is_put_into_the_page_runs(opened, name):
    """The policy is the second line of defence: markup that slips through would not run and would load nothing."""
    source = PAGES[name]().replace(
        "</main>",
        "<script>document.title = 'run'</script><img src='http://127.0.0.1:9/x' onerror='document.title=2'></main>",
    )
    page = opened(source)
    assert page.title() == "fbsync plan: production"
    assert {word for message in page.trouble for word in re.findall("inline script|the image|event handler", message)}
