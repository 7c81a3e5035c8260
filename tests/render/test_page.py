"""The HTML report: one file that loads and runs nothing, and that has no markup from foreign text."""

import base64
import hashlib
import re
from html.parser import HTMLParser

from hypothesis import given
from plans import COMPARED, HOSTILE, document, every_kind, golden, hostile_names, many_changes, some_drift
from strategies import foreign, plans

from fbsync.model.plan import Plan
from fbsync.render.drift_html import drift_html
from fbsync.render.paint import visible
from fbsync.render.plan_html import plan_html, plans_html

TAGS = {
    *("html", "head", "meta", "title", "style", "body", "header", "main", "footer", "section", "article"),
    *("h1", "h2", "h3", "p", "b", "bdi", "span", "div", "ul", "li", "dl", "dt", "dd", "del", "ins", "code"),
    *(
        "details",
        "summary",
        "fieldset",
        "legend",
        "label",
        "input",
        "table",
        "caption",
        "thead",
        "tbody",
        "tr",
        "th",
        "td",
    ),
}
LONG = TAGS | {"nav", "a", "h4", "output", "script"}
"""Further parts of a report with many entries."""
EMPTY = {"meta", "input"}


class Document(HTMLParser):
    """A document's tags, attributes and text; fails if tags are not closed in order."""

    def __init__(self, source):
        super().__init__()
        self.tags, self.attributes, self.text, self.style, self.script, self.open = [], [], [], "", "", []
        self.feed(source)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.attributes += [(tag, *attribute) for attribute in attrs]
        if tag not in EMPTY:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        if self.open and self.open[-1] == "style":
            self.style += data
        elif self.open and self.open[-1] == "script":
            self.script += data
        else:
            self.text.append(data)


def rendered(plan, *, environment="production", compared=COMPARED):
    return plan_html(document(plan, environment=environment, compared=compared))


@given(plan=plans(), environment=foreign, compared=foreign)
def test_no_foreign_text_becomes_markup(plan, environment, compared):
    page = Document(rendered(plan, environment=environment, compared=compared))
    assert set(page.tags) <= TAGS
    assert {name for _, name, _ in page.attributes} <= {
        *("lang", "charset", "http-equiv", "content", "name", "class", "id", "for", "type", "checked"),
        *("autocomplete", "role", "aria-label", "aria-labelledby", "aria-hidden", "tabindex", "scope"),
    }


def test_every_hostile_name_is_shown_as_it_is():
    text = Document(rendered(hostile_names())).text
    assert all(visible(name) in text for name in HOSTILE)


def digest(text):
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


def test_the_policy_allows_the_style_that_is_there_and_nothing_else():
    page = Document(rendered(every_kind()))
    [policy] = [value for _, name, value in page.attributes if name == "content" and "default-src" in value]
    assert policy == f"default-src 'none'; style-src {digest(page.style)}; base-uri 'none'; form-action 'none'"
    assert "script" not in page.tags


def test_a_long_report_has_one_script_and_the_policy_allows_just_that():
    page = Document(rendered(many_changes(45)))
    [policy] = [value for _, name, value in page.attributes if name == "content" and "default-src" in value]
    assert f"; script-src {digest(page.script)}; " in policy
    assert page.tags.count("script") == 1
    assert [value for tag, name, value in page.attributes if tag == "p" and name == "hidden"] == [None]


def test_a_long_report_is_folded_under_its_contents():
    source = rendered(many_changes(45))
    page = Document(source)
    assert page.tags.count("a") == page.tags.count("article") == 45
    targets = {value.removeprefix("#") for _, name, value in page.attributes if name == "href"}
    assert targets < {value for _, name, value in page.attributes if name == "id"}
    assert source.count('<tr class="place">') == 3
    assert Document(rendered(many_changes(20))).tags.count("a") == 0


def test_a_long_report_with_any_text_is_no_other():
    page = Document(rendered(Plan(changes=hostile_names().changes * 2, refreshed=True)))
    assert set(page.tags) <= LONG
    assert all(any(visible(name) in text for text in page.text) for name in HOSTILE)


def test_what_is_unchanged_is_hidden_until_its_box_is_ticked():
    boxes = [dict(attributes) for attributes in boxes_of(rendered(every_kind()))]
    assert {box["id"] for box in boxes if "checked" not in box} == {"show-unchanged"}


def boxes_of(source):
    found = []

    class Boxes(HTMLParser):
        def handle_starttag(self, tag, attrs):
            if tag == "input":
                found.append(attrs)

    Boxes().feed(source)
    return found


def test_the_server_and_the_reasons_to_refuse_are_in_the_page():
    shown = "".join(Document(plan_html(golden("refused"))).text)
    assert "Server: https://llm.staging.example.com" in shown
    assert "fbsync apply would refuse this plan" in shown
    assert "Fix: to do it anyway, pass --max-deletes 12." in shown


def test_nothing_is_loaded_from_anywhere():
    for plan in (every_kind(), many_changes(45)):
        page = Document(rendered(plan))
        assert not [item for item in page.attributes if item[1] in ("src", "srcset", "action", "style")]
        assert not [value for _, name, value in page.attributes if name == "href" and not value.startswith("#entry-")]
    assert not re.search(r"url\(|@import", page.style)


def test_ids_are_unique():
    ids = [value for _, name, value in Document(rendered(every_kind())).attributes if name == "id"]
    assert len(ids) == len(set(ids)) > 10


def test_a_plan_without_entries_is_still_a_page():
    page = Document(rendered(Plan(changes=(), refreshed=True), environment=None))
    assert "No changes. The manifest matches fbsync.lock." in page.text
    assert "fieldset" not in page.tags


def all_environments():
    return [
        document(every_kind()),
        document(every_kind(), environment="staging"),
        document(Plan(changes=(), refreshed=False), environment="eu-prod"),
    ]


@given(name=foreign, why=foreign)
def test_all_environments_are_the_same_sort_of_page(name, why):
    planned = [document(every_kind(), environment=name), *all_environments()]
    page = Document(plans_html(planned, [(name, why)]))
    assert set(page.tags) <= LONG
    shown = "".join(page.text)
    assert visible(name) in shown
    assert visible(why.replace("`", "")) in shown.replace("`", "")


def test_all_environments_are_counted_together_and_by_place():
    page = Document(plans_html(all_environments()))
    one = Document(rendered(every_kind()))
    assert "Environments and workspaces at a glance" in page.text
    assert "Workspaces at a glance" in one.text
    added = [int(number) for number in re.findall(r"Plan: (\d+) to add", "".join(page.text))]
    assert added[0] == sum(added[1:]) == 2 * int(re.search(r"Plan: (\d+) to add", "".join(one.text))[1])
    assert "(none)" in page.text
    assert "eu-prod: No changes." in "".join(page.text)


@given(name=foreign)
def test_drift_is_the_same_sort_of_page(name):
    page = Document(drift_html(some_drift(name)))
    assert set(page.tags) <= TAGS
    shown = "".join(page.text)
    assert "Drift: 2 changed, 1 deleted, 1 replaced, 3 unchanged." in shown
    assert all(
        word in page.text
        for word in (
            f"{visible(name)} deleted",
            "https://b.example",
            " deleted outside",
            " unmanaged",
            " declared, but not in the lockfile",
        )
    )
    assert "An interrupted apply may have done this" in shown
