"""The HTML report as a text: one file, nothing loaded, nothing run, and no foreign text that becomes markup."""

import base64
import hashlib
import re
from html.parser import HTMLParser

from hypothesis import given
from plans import COMPARED, HOSTILE, every_kind, hostile_names, live, locked
from strategies import foreign, plans

from fbsync.model.changes import Plan
from fbsync.model.configurations import Field
from fbsync.planning.drift import (
    ChangedOutside,
    DeletedOutside,
    Drift,
    FieldDrift,
    ReplacedOutside,
    Unadopted,
    Unmanaged,
)
from fbsync.render.drift_html import drift_html
from fbsync.render.paint import visible
from fbsync.render.plan_html import Planned, plan_html, plans_html

TAGS = {
    *("html", "head", "meta", "title", "style", "body", "header", "main", "footer", "section", "article"),
    *("h1", "h2", "h3", "p", "b", "bdi", "span", "div", "ul", "li", "dl", "dt", "dd", "del", "ins", "code"),
    *("fieldset", "legend", "label", "input", "table", "caption", "thead", "tbody", "tr", "th", "td"),
}
EMPTY = {"meta", "input"}


class Document(HTMLParser):
    """A document's tags, attributes and text; fails where tags are not closed in order."""

    def __init__(self, source):
        super().__init__()
        self.tags, self.attributes, self.text, self.style, self.open = [], [], [], "", []
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
        else:
            self.text.append(data)


def rendered(plan, *, environment="production", compared=COMPARED):
    return plan_html(plan, environment=environment, compared=compared)


@given(plan=plans(), environment=foreign, compared=foreign)
def test_no_foreign_text_becomes_markup(plan, environment, compared):
    document = Document(rendered(plan, environment=environment, compared=compared))
    assert set(document.tags) <= TAGS
    assert {name for _, name, _ in document.attributes} <= {
        *("lang", "charset", "http-equiv", "content", "name", "class", "id", "for", "type", "checked"),
        *("autocomplete", "role", "aria-label", "aria-labelledby", "aria-hidden", "tabindex", "scope"),
    }


def test_every_hostile_name_is_shown_as_it_is():
    text = Document(rendered(hostile_names())).text
    assert all(visible(name) in text for name in HOSTILE)


def test_the_policy_allows_the_style_that_is_there_and_nothing_else():
    document = Document(rendered(every_kind()))
    digest = base64.b64encode(hashlib.sha256(document.style.encode()).digest()).decode()
    [policy] = [value for _, name, value in document.attributes if name == "content" and "default-src" in value]
    assert policy == f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'"


def test_nothing_is_loaded_from_anywhere():
    document = Document(rendered(every_kind()))
    assert not [item for item in document.attributes if item[1] in ("src", "href", "srcset", "action", "style")]
    assert not re.search(r"url\(|@import", document.style)


def test_ids_are_unique():
    ids = [value for _, name, value in Document(rendered(every_kind())).attributes if name == "id"]
    assert len(ids) == len(set(ids)) > 10


def test_a_plan_without_entries_is_still_a_page():
    document = Document(rendered(Plan(changes=(), refreshed=True), environment=None))
    assert "No changes. What is declared is as it is known." in document.text
    assert "fieldset" not in document.tags


def all_environments():
    return [
        Planned(environment=None, plan=every_kind(), compared=COMPARED),
        Planned(environment="staging", plan=every_kind(), compared=COMPARED),
        Planned(environment="eu-prod", plan=Plan(changes=(), refreshed=False), compared=COMPARED),
    ]


@given(name=foreign, why=foreign)
def test_all_environments_are_the_same_sort_of_page(name, why):
    planned = [Planned(environment=name, plan=every_kind(), compared=COMPARED), *all_environments()]
    document = Document(plans_html(planned, [(name, why)]))
    assert set(document.tags) <= TAGS
    shown = "".join(document.text)
    assert visible(name) in shown
    assert visible(why) in shown


def test_all_environments_are_counted_together_and_by_place():
    document = Document(plans_html(all_environments()))
    one = Document(rendered(every_kind()))
    assert "Environments and workspaces at a glance" in document.text
    assert "Workspaces at a glance" in one.text
    added = [int(number) for number in re.findall(r"Plan: (\d+) to add", "".join(document.text))]
    assert added[0] == sum(added[1:]) == 2 * int(re.search(r"Plan: (\d+) to add", "".join(one.text))[1])
    assert "(none)" in document.text
    assert "eu-prod: No changes." in "".join(document.text)


def some_drift(name="Chat"):
    here = live(name, llm_id="llm-2")
    moved = (FieldDrift(field=Field.ENDPOINT, known="https://a.example", live="https://b.example"),)
    return Drift(
        differences=(
            ChangedOutside(locked=locked(name), live=here, fields=moved, in_doubt=True),
            DeletedOutside(locked=locked(f"{name} deleted")),
            ReplacedOutside(locked=locked(f"{name} replaced"), live=(here,), fields=moved),
            Unadopted(live=live(f"{name} declared")),
            Unmanaged(live=live(f"{name} of others", workspace="ws-other")),
        ),
        in_step=3,
        workspaces=frozenset({"ws-main"}),
    )


@given(name=foreign)
def test_drift_is_the_same_sort_of_page(name):
    document = Document(drift_html(some_drift(name), environment="staging", compared=COMPARED))
    assert set(document.tags) <= TAGS
    shown = "".join(document.text)
    assert "Drift: 1 changed, 1 deleted, 1 replaced, 3 as known." in shown
    assert all(
        word in document.text
        for word in (
            f"{visible(name)} deleted",
            "https://b.example",
            " deleted outside",
            " unmanaged",
            " declared, but not known",
        )
    )
    assert "An apply that was cut off may have done this itself" in shown
