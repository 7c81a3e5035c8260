# ruff: noqa: INP001 - a script, no package
"""Makes this page's pictures: one plan on a terminal, in a pull request, and as a report.

    pip install -e . cmarkgfm playwright    # and Debian's chromium (or CHROMIUM=PATH) and fonts-noto-color-emoji
    python docs/plans/make.py

The comment is made into HTML by GitHub's own Markdown parser; its colours (``comment.css``) follow GitHub's.
"""

from __future__ import annotations

import os
import re
import shutil
import sys
import tempfile
from html import escape
from pathlib import Path
from typing import Any

import cmarkgfm
from cmarkgfm.cmark import Options
from playwright.sync_api import Browser, sync_playwright

HERE = Path(__file__).parent
sys.path[:0] = [str(HERE.parents[1] / "tests" / name) for name in ("support", "render")]

from plan_documents import document  # noqa: E402 - from the tests
from plans import credential_change, desired, field_change, golden, locked, many_changes, notice, update  # noqa: E402
from results import RESULTS, denied  # noqa: E402

from fbsync.model.changes import Cause, Changed, Create, Delete, Unchanged, Undeclared  # noqa: E402
from fbsync.model.configurations import Field  # noqa: E402
from fbsync.model.plan import Plan  # noqa: E402
from fbsync.render.document import outcome_entry  # noqa: E402
from fbsync.render.paint import Paint  # noqa: E402
from fbsync.render.plan_html import plan_html, plans_html  # noqa: E402
from fbsync.render.plan_markdown import plan_markdown  # noqa: E402
from fbsync.render.plan_text import plan_text  # noqa: E402
from fbsync.render.result_markdown import result_markdown  # noqa: E402

COMPARED = "Compared with fbsync.production.lock and with the server."
ENVIRONMENT = "production"
FLAGS = ["--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking", "--disable-sync"]
TALLEST = 1_300
STYLES = {"1": "bold", "2": "dim", "31": "red", "32": "green", "33": "yellow", "36": "cyan"}
LINES = {"+": "added", "-": "removed", "!": "changed", "#": "remark"}


def plan() -> Plan:
    """A plan with something of everything that reviewers look for."""
    proxied = update(
        "Production OpenAI",
        field_change(Field.ENDPOINT, "https://api.openai.com/v1", "https://llm-proxy.example.net/v1"),
        credentials=[credential_change(Changed.YES)],
        want={"protect": True},
        known={"protect": True},
    )
    drifted = update(
        "Support chat", field_change(Field.AI_TYPE, "OTHER", "ANTHROPIC", cause=Cause.OUTSIDE, known="ANTHROPIC")
    )
    unset = credential_change(Changed.UNVERIFIED, before="VISION_KEY", after="VISION_KEY", is_set=False)
    return Plan(
        refreshed=True,
        changes=(
            Create(desired=desired("Embeddings", workspace="ws-research")),
            proxied,
            drifted,
            Unchanged(desired=desired("Search"), locked=locked("Search")),
            Unchanged(desired=desired("Vision"), locked=locked("Vision"), credentials=(unset,)),
            Delete(locked=locked("Playground", llm_id="llm-0042", workspace="ws-research")),
            Undeclared(locked=locked("Compliance", protect=True)),
        ),
        warnings=(
            notice(
                proxied,
                "the credential will now be sent to llm-proxy.example.net instead of api.openai.com",
            ),
        ),
    )


def environments(production: Plan) -> list[dict[str, Any]]:
    """The documents of that plan, and of those of two other environments."""
    staging = Plan(refreshed=True, changes=production.changes[3:5])
    review = Plan(refreshed=True, changes=(Create(desired=desired("Search", workspace="ws-review")),))
    return [
        document(plan, environment=name, compared=f"Compared with fbsync.{name}.lock and with the server.")
        | {"state": f"fbsync.{name}.lock"}
        for name, plan in ((ENVIRONMENT, production), ("staging", staging), ("review", review))
    ]


def terminal(text: str) -> str:
    """Text with ANSI colours as a page that looks like a terminal."""
    parts = re.split(r"\x1b\[(\d+)m", text)
    shown = escape(parts[0])
    for code, piece in zip(parts[1::2], parts[2::2], strict=True):
        shown += f'<span class="{STYLES[code]}">{escape(piece)}</span>' if code in STYLES else escape(piece)
    return page("terminal.css", f"<pre><b>$</b> fbsync plan --refresh -e {ENVIRONMENT}\n{shown}</pre>")


def comment(markdown: str) -> str:
    """A comment as GitHub shows it, with the colours of its alerts and of its diffs."""
    shown = cmarkgfm.github_flavored_markdown_to_html(markdown, Options.CMARK_OPT_UNSAFE)
    shown = re.sub(
        r"<blockquote>\n<p>\[!(\w+)\]\n",
        lambda found: f'<blockquote class="{found[1].lower()}">\n<p class="alert">{found[1].capitalize()}</p><p>',
        shown,
    )
    shown = re.sub(r'<pre lang="diff"><code>(.*?)</code></pre>', coloured, shown, flags=re.DOTALL)
    return page(
        "comment.css", f'<article><header><b>ci-bot</b> commented</header><div class="body">{shown}</div></article>'
    )


def coloured(diff: re.Match[str]) -> str:
    """A diff's lines, each in its colour."""
    lines = (f'<span class="{LINES.get(line[:1], "same")}">{line or " "}</span>' for line in diff[1].splitlines())
    return f"<pre>{''.join(lines)}</pre>"


def page(stylesheet: str, body: str) -> str:
    """A whole page around a body."""
    style = (HERE / stylesheet).read_text(encoding="utf-8")
    return f'<!doctype html><html lang="en"><meta charset="utf-8"><style>{style}</style><body>{body}</body></html>'


def picture(
    browser: Browser, name: str, source: str, *, width: int, scheme: str = "light", tallest: int = TALLEST
) -> None:
    """Open a page and keep what it looks like beside this script."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "page.html"
        file.write_text(source, encoding="utf-8")
        shown = browser.new_page(viewport={"width": width, "height": 300}, color_scheme=scheme)  # type: ignore[arg-type]
        shown.goto(file.as_uri())
        path = HERE / f"{name}.png"
        height = min(shown.evaluate("document.documentElement.scrollHeight"), tallest)
        shown.screenshot(path=path, full_page=True, clip={"x": 0, "y": 0, "width": width, "height": height})
        shown.close()
    sys.stdout.write(f"{path.name}: {path.stat().st_size // 1024} KiB\n")


def applied() -> dict[str, Any]:
    """The result of an apply of which two changes failed."""
    shown = RESULTS["result-all-done"]()
    failed = [denied(name) for name in ("Support chat", "Translations")]
    made = [entry for entry in shown["entries"] if entry["outcome"] != "unchanged"]
    sentence = "Apply incomplete! Resources: 1 added, 2 changed, 1 destroyed. 2 failed."
    return shown | {"summary": sentence, "exit_code": 5, "entries": [*made, *map(outcome_entry, failed)]}


def main() -> None:
    """Make all pictures."""
    made = plan()
    shown = document(made, environment=ENVIRONMENT, compared=COMPARED)
    text = plan_text(shown, paint=Paint(enabled=True), width=100)
    markdown = plan_markdown(shown, max_chars=60_000)
    report = plan_html(shown)
    large = plan_html(document(many_changes(300, 4), environment=ENVIRONMENT, compared=COMPARED))
    chromium = os.environ.get("CHROMIUM") or shutil.which("chromium")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=FLAGS)
        picture(browser, "terminal", terminal(text), width=900)
        picture(browser, "comment", comment(markdown), width=900)
        picture(browser, "report", report, width=860)
        picture(browser, "report-dark", report, width=860, scheme="dark")
        picture(browser, "report-phone", report, width=390)
        picture(browser, "large", large, width=860, tallest=1_000)
        picture(browser, "large-phone", large, width=390)
        picture(browser, "refused", plan_html(golden("refused")), width=860)
        picture(browser, "applied", comment(result_markdown(applied(), max_chars=60_000)), width=900)
        picture(browser, "environments", plans_html(environments(made)), width=960)
        browser.close()


if __name__ == "__main__":
    main()
