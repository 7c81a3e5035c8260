"""The comment: it is inert with any names, stays within any limit, and is never broken."""

import re
from collections import Counter
from html.parser import HTMLParser

import cmarkgfm
import pytest
from cmarkgfm.cmark import Options
from hypothesis import example, given
from hypothesis import strategies as st
from markdown_it import MarkdownIt
from plans import (
    COMPARED,
    HOSTILE,
    credential,
    credential_change,
    desired,
    document,
    every_kind,
    golden,
    hostile_names,
    locked,
    many_changes,
    some_drift,
)
from strategies import foreign, plans

from fbsync.model.changes import Changed, Create, Delete, Unchanged
from fbsync.model.plan import Plan
from fbsync.render.drift_markdown import drift_markdown, drifts_markdown
from fbsync.render.markdown import code, marker, prose
from fbsync.render.paint import visible
from fbsync.render.plan_counts import plan_summary
from fbsync.render.plan_markdown import LEAST_CHARS, plan_markdown, plans_markdown

OWN_HTML = re.compile(
    r"<!-- fbsync-(plan|drift)(:[\w.~%-]*)? -->|<details>|</details>"
    r"|<summary>(⚪ <b>\d+ [a-z ]+</b>|⚪ \d+ [a-z, ]+|Details|Show all \d+"
    r"|\d+ of \d+ credentials? (was|were) not compared: [a-z0-9 ,;']+\.)</summary>"
)
OWN_TEXT = re.compile(r"[A-Za-z0-9 ,.:;()'?!⛔⚠\ufe0f🔴🟠🟢🟡\n]*|\[!(WARNING|CAUTION)\]")
CONTAINERS = {"paragraph", "heading", "blockquote", "bullet_list", "list_item", "inline", "strong"}
LEAVES = {"text", "code_inline", "softbreak"}


def parsed(source):
    """The tokens of GitHub-flavoured Markdown, with bare links, and the tokens within lines."""
    tokens = MarkdownIt("gfm-like", {"html": True, "linkify": True}).enable(["linkify"]).parse(source)
    return tokens, [inner for token in tokens for inner in token.children or ()]


def assert_inert(source):
    blocks, inlines = parsed(source)
    for token in (*blocks, *inlines):
        kind = token.type.removesuffix("_open").removesuffix("_close")
        assert kind in CONTAINERS | LEAVES | {"fence", "html_block"}, token
        if token.type == "html_block":
            assert OWN_HTML.sub("", token.content).strip() == "", token.content
        if token.type == "text":
            assert OWN_TEXT.fullmatch(token.content), token.content
    return blocks, inlines


class Tags(HTMLParser):
    """Count a document's tags, and keep the contents of ``pre``."""

    def __init__(self):
        super().__init__()
        self.opened, self.closed, self.fenced = Counter(), Counter(), []

    def handle_starttag(self, tag, attrs):
        self.opened[tag] += 1

    def handle_endtag(self, tag):
        self.closed[tag] += 1

    def handle_data(self, data):
        if self.opened["pre"] > self.closed["pre"]:
            self.fenced.append(data)


def on_github(source):
    """Render it with GitHub's own parser."""
    tags = Tags()
    tags.feed(cmarkgfm.github_flavored_markdown_to_html(source, Options.CMARK_OPT_UNSAFE))
    return tags


def rendered(plan, *, environment="staging", compared=COMPARED, max_chars=60_000):
    return plan_markdown(document(plan, environment=environment, compared=compared), max_chars=max_chars)


@given(text=foreign)
@example(text="`")
@example(text=" `a` ")
@example(text="  ")
def test_a_code_span_holds_any_text(text):
    shown = visible(text)
    _, [*tokens] = parsed(f"x {code(shown)} y")
    assert [token.type for token in tokens] == ["text", "code_inline", "text"]
    assert tokens[1].content == (shown if shown.strip() else f"'{shown}'")


@given(text=st.one_of(foreign, st.lists(foreign, max_size=6).map(" ".join)))
@example(text="1. x")
@example(text="a`b` `c` `d`e `f`. (g) --h @i #1 deadbeef")
def test_foreign_prose_is_inert(text):
    assert_inert(prose(visible(text)))


def test_our_own_prose_reads_well():
    said = "the credential will now be sent to a.example instead of b.example (2 of 3). Run `fbsync plan`."
    hosts = said.replace("a.example", "`a.example`").replace("b.example", "`b.example`")
    assert prose(said) == hosts


@given(plan=plans(), environment=st.one_of(st.none(), foreign), compared=foreign)
@example(plan=hostile_names(), environment="--> x", compared="@x #1 <b>")
def test_the_comment_is_inert(plan, environment, compared):
    source = rendered(plan, environment=environment, compared=compared)
    blocks, _ = assert_inert(source)
    assert source.startswith(marker("fbsync-plan", environment) + "\n")
    assert blocks[0].type == "html_block"
    tags = on_github(source)
    assert set(tags.opened) <= {
        "h3",
        "h4",
        "p",
        "strong",
        "code",
        "pre",
        "blockquote",
        "ul",
        "li",
        "details",
        "summary",
        "b",
    }
    assert tags.opened == tags.closed


@given(plan=plans(max_size=12), environment=st.one_of(st.none(), foreign), limit=st.integers(LEAST_CHARS, 4_000))
def test_the_limit_is_kept_and_nothing_is_cut(plan, environment, limit):
    source = rendered(plan, environment=environment, max_chars=limit)
    assert len(source) <= limit
    assert f"**{plan_summary(document(plan))}**" in source
    assert_inert(source)
    tags = on_github(source)
    assert tags.opened == tags.closed
    assert tags.opened["pre"] == len(re.findall("^```diff$", source, re.MULTILINE))


@pytest.mark.parametrize("limit", [700, 1_500, 3_500, 5_000])
def test_what_is_left_out_is_counted(limit):
    plan = Plan(changes=tuple(Create(desired=desired(f"entry {at}")) for at in range(40)), refreshed=False)
    source = rendered(plan, max_chars=limit)
    shown = re.findall(r"^\+ entry \d+ ", source, re.MULTILINE)
    lines = re.findall(r"^- `entry \d+` in `ws-main`: ", source, re.MULTILINE)
    [missing] = re.findall(r"(\d+) to add in detail\.", source)
    assert len(shown) + int(missing) == 40
    unnamed = re.findall(r"Left out because of the length:\*\* (\d+) to add, ", source)
    assert len(lines) + sum(map(int, unnamed)) == 40
    assert lines
    assert not (shown and unnamed)
    assert all(f"{line}(workspace ws-main)\n+     aiType:   OPENAI\n" in source for line in shown)
    assert len(source) <= limit < len(source) + 250


def test_what_is_destroyed_stays_longest():
    whole = rendered(every_kind())
    cut = rendered(every_kind(), max_chars=1_600)
    assert "#### 🔴 2 to destroy" in cut
    assert "4 to change" in cut
    assert whole.count("```diff") > cut.count("```diff")
    assert "Left out because of the length" in cut


def test_one_entry_that_is_too_long_does_not_push_out_the_others():
    giant = Create(desired=desired("x" * 5_000))
    plan = Plan(changes=(giant, *(Create(desired=desired(f"entry {at}")) for at in range(3))), refreshed=False)
    source = rendered(plan, max_chars=2_000)
    assert "**Left out because of the length:** 1 to add, 1 to add in detail." in source
    assert source.count("- `entry ") == source.count("+ entry ") == 3


def test_the_marker_comes_first_and_is_of_one_environment():
    plan = every_kind()
    starts = {rendered(plan, environment=name).splitlines()[0] for name in (None, "staging", "prod", "")}
    assert starts == {
        "<!-- fbsync-plan:default -->",
        "<!-- fbsync-plan:staging -->",
        "<!-- fbsync-plan:prod -->",
        "<!-- fbsync-plan: -->",
    }


def test_counts_and_environment_stand_first_then_what_is_destroyed():
    source = rendered(every_kind(), environment="production")
    order = ["`production`", "Plan: 3 to add", "blocked\n", "to destroy\n", "to adopt\n", "<details>"]
    places = [source.index(word) for word in order]
    assert places == sorted(places)
    assert "- Ledger" in source[: source.index("<details>")]
    assert "- `Embeddings` in `ws-main`: `OPENAI` at `https://api.openai.com/v1`" in source[: source.index("<details>")]
    assert "+ Embeddings" in source[source.index("<details>") :]


def test_more_than_ten_deletions_are_folded_under_their_number():
    source = rendered(Plan(changes=tuple(Delete(locked=locked(f"entry {at}")) for at in range(11)), refreshed=True))
    assert "#### 🔴 11 to destroy\n\n<details>\n<summary>Show all 11</summary>" in source
    source = rendered(Plan(changes=tuple(Delete(locked=locked(f"entry {at}")) for at in range(10)), refreshed=True))
    assert "#### 🔴 10 to destroy\n\n```diff" in source


def test_each_warning_is_said_once_with_all_that_it_is_about():
    source = rendered(many_changes(45))
    assert source.count("the stored credential will be sent to another host") == 1
    assert "and 8 more: the stored credential" in source
    assert "**18 warnings**" in source


def test_server_and_reasons_to_refuse_stand_in_the_open():
    source = plan_markdown(golden("refused"), max_chars=60_000)
    before = source[: source.index("<details>")]
    assert "### fbsync plan for `production` on `https://llm.staging.example.com`" in before
    assert "> [!CAUTION]\n> **`fbsync apply` would refuse this plan**" in before
    assert before.count("Fix: ") == 3


def test_every_hostile_name_is_shown_as_it_is():
    fenced = "".join(on_github(rendered(hostile_names())).fenced)
    assert all(f"+ {visible(name)} (workspace" in fenced for name in HOSTILE)


def test_many_entries_of_one_variable_are_counted():
    unset = credential("KEY", is_set=False)
    same = (credential_change(Changed.UNVERIFIED, before="KEY", after="KEY", is_set=False),)
    names = [f"entry {at}" for at in range(25)]
    changes = tuple(Unchanged(desired=desired(n, secret=unset), locked=locked(n), credentials=same) for n in names)
    source = rendered(Plan(changes=changes, refreshed=False))
    assert "25 of 25 credentials were not compared: their variables are not set here" in source
    assert "- `$KEY`: its variable is not set here (`entry 0`, " in source
    assert "`entry 9` and 15 more)" in source
    assert_inert(source)


@given(
    made=st.lists(st.tuples(plans(max_size=4), st.none() | foreign), max_size=4),
    problems=st.lists(st.tuples(st.none() | foreign, foreign), max_size=2),
    limit=st.integers(300, 6_000),
)
def test_the_comment_on_all_environments_is_inert_and_keeps_its_limit(made, problems, limit):
    documents = [document(plan, environment=environment) for plan, environment in made]
    source = plans_markdown(documents, problems, max_chars=limit)
    assert len(source) <= limit
    assert_inert(source)
    tags = on_github(source)
    assert tags.opened == tags.closed


@given(name=foreign, environment=st.none() | foreign, limit=st.integers(300, 6_000))
def test_drift_as_a_comment_is_inert_and_keeps_its_limit(name, environment, limit):
    for source in (
        drift_markdown(some_drift(name, environment=environment), max_chars=limit),
        drifts_markdown([some_drift(name, environment=environment)], [(environment, name)], max_chars=limit),
    ):
        assert len(source) <= limit
        assert_inert(source)
        tags = on_github(source)
        assert tags.opened == tags.closed


def test_every_environment_is_mentioned_however_little_room_there_is():
    names = [f"environment-{at}" for at in range(6)]
    source = plans_markdown([document(every_kind(), environment=name) for name in names], max_chars=1_500)
    assert all(f"`{name}`" in source for name in names)


def test_a_limit_that_nothing_fits_in_is_refused():
    with pytest.raises(ValueError, match="at least 120 characters"):
        rendered(every_kind(), max_chars=LEAST_CHARS - 1)
