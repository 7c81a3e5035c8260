"""The text of an export: it reads back, and its names do not collide."""

import json
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from records import live

from fbsync.export.entries import fields_of, ordered
from fbsync.export.left_out import twins
from fbsync.export.variable_names import VariableNames
from fbsync.model.configurations import Field
from fbsync.strict_yaml.append import NotAddable, new_manifest, with_entries
from fbsync.strict_yaml.loader import parse_document

names = st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1, max_size=60)
endpoints = st.text(st.characters(exclude_categories=["Cs", "Cc", "Z"]), min_size=1, max_size=60)
entries = st.lists(
    st.fixed_dictionaries({"name": names, "aiType": st.just("OTHER"), "endpoint": endpoints, "secret": st.just("$S")}),
    min_size=1,
    max_size=4,
)
TRICKY = [
    *("no", "0o17", "1e3", "~", "#", "'", '"', "\\", "=", "<<", "2026-01-01"),
    "null",
    "é",
    "🚀",
    "&a",
    "- a",
    "a: b",
    " a ",
]


def value(text):
    document = parse_document(text.encode(), file="fbsync.yaml")
    assert document.findings == ()
    return document.value


def entry(name="new"):
    return {"name": name, "aiType": "OTHER", "endpoint": "https://x.example.com", "secret": "$S"}


@given(made=entries, workspace=names)
def test_a_new_manifest_reads_back(made, workspace):
    read = value(new_manifest(made, head=["head"], workspace_id=workspace))
    assert read == {"version": 1, "workspaceId": workspace, "llms": made}


@pytest.mark.parametrize("name", TRICKY)
def test_what_looks_like_yaml_reads_back(name):
    assert value(new_manifest([entry(name)], head=[], workspace_id=None))["llms"] == [entry(name)]


MANIFESTS = {
    "block": "version: 1\nllms:\n  - name: a # why\n    secret: $A   # which\n\n# the end\n",
    "not indented": "llms:\n- name: a\n  secret: $A\nversion: 1\n",
    "deep": "version: 1\nllms:\n      -   name: a\n          secret: $A\nworkspaceId: ws\n",
    "no final newline": "version: 1\nllms:\n  - name: a\n    secret: $A",
    "windows": "version: 1\r\nllms:\r\n  - name: a\r\n    secret: $A\r\n# end\r\n",
    "empty list": "version: 1\nllms: []  # none yet\nworkspaceId: ws\n",
    "nothing": "version: 1\nllms:  # none yet\nworkspaceId: ws\n",
    "null": "version: 1\nllms: null\nworkspaceId: ws\n",
    "absent": "version: 1\nworkspaceId: ws\n",
    "flow items": "version: 1\nllms:\n  - {name: a}\n  - {name: b,\n     secret: $A}  # two lines\nworkspaceId: ws\n",
    "flow list": "version: 1\nllms: [{name: a}, # first\n  {name: b},\n]\nworkspaceId: ws\n",
    "anchors": "version: 1\nllms:\n  - &a\n    name: a\n    secret: $A\n  - *a\nworkspaceId: ws\n",
    "block scalar": "version: 1\nllms:\n  - name: a\n    endpoint: >-\n      https://\n\nworkspaceId: ws\n",
    "quoted": "version: 1\nllms:\n  - name: 'a\n      b'\n    secret: \"$A\" # x\n",
}


@pytest.mark.parametrize("text", MANIFESTS.values(), ids=MANIFESTS.keys())
def test_entries_are_added_and_nothing_else_changes(text):
    added = [entry("no"), entry("b: c")]
    after = with_entries(text, added)
    before = value(text)
    assert value(after) == before | {"llms": [*(before.get("llms") or ()), *added]}
    kept = [line for line in text.splitlines() if "llms:" not in line and "{name: b}" not in line]
    assert [line for line in after.splitlines() if line in kept] == kept
    assert set(re.findall(r"\r?\n", after)) == set(re.findall(r"\r?\n", text)) or "\n" not in text.rstrip("\n")
    assert with_entries(text, []) == text


@given(made=entries, at=st.sampled_from(sorted(MANIFESTS)))
def test_any_entries_are_added(made, at):
    before = value(MANIFESTS[at])
    assert value(with_entries(MANIFESTS[at], made)) == before | {"llms": [*(before.get("llms") or ()), *made]}


@pytest.mark.parametrize(
    "text", ["{version: 1}\n", "{version: 1, llms: null}\n", "x: &a []\nllms: *a\n", "llms: text\n", "- a\n"]
)
def test_what_cannot_be_added_to_is_said(text):
    with pytest.raises(NotAddable):
        with_entries(text, [entry()])


@pytest.mark.parametrize("listed", [[], [{"name": "a"}]])
def test_json_stays_json(listed):
    before = {"version": 1, "llms": listed, "workspaceId": "ws"}
    after = with_entries(json.dumps(before), [entry('é "quoted"')])
    assert json.loads(after) == before | {"llms": [*listed, entry('é "quoted"')]}
    assert value(after) == json.loads(after)


class TestNames:
    def test_of_an_entry_with_and_without_a_key(self):
        assert VariableNames(()).of(live("Production OpenAI")) == {Field.SECRET: "PRODUCTION_OPENAI_SECRET"}
        with_key = type(live())(id="x", name="Bedrock", workspace_id="ws", key_mask="****")
        assert VariableNames(()).of(with_key) == {Field.KEY: "BEDROCK_KEY", Field.SECRET: "BEDROCK_SECRET"}

    @pytest.mark.parametrize(
        ("name", "made"),
        [
            ("4o mini", "LLM_4O_MINI_SECRET"),
            ("日本語", "LLM_SECRET"),
            ("Ünïcode -- x", "UNICODE_X_SECRET"),
            ("flashback token", "LLM_FLASHBACK_TOKEN_SECRET"),
            ("fbsync_key", "LLM_FBSYNC_KEY_SECRET"),
            ("Flashback", "LLM_FLASHBACK_SECRET"),
            ("GitHub Models", "LLM_GITHUB_MODELS_SECRET"),
            ("a", "A_SECRET_2"),
        ],
    )
    def test_of_odd_names(self, name, made):
        assert VariableNames({"A_SECRET"}).of(live(name))[Field.SECRET] == made

    @given(st.lists(names, max_size=20))
    def test_are_distinct_and_are_names(self, given_names):
        references = VariableNames({"A_SECRET"})
        made = [name for given_name in given_names for name in references.of(live(given_name)).values()]
        assert len({*made, "A_SECRET"}) == len(made) + 1
        assert all(re.fullmatch(r"[A-Z_][A-Z0-9_]*", name) for name in made)
        assert not [name for name in made if name.startswith(("FLASHBACK_", "FBSYNC_", "GITHUB_"))]


def test_dollar_signs_are_no_references():
    listed = live("A", endpoint="https://x.example.com/$a", workspace="ws$1")
    assert fields_of(listed, {}, default_workspace=None) == {
        "name": "A",
        "aiType": "OPENAI",
        "endpoint": "https://x.example.com/$$a",
        "workspaceId": "ws$$1",
    }


def test_order_and_twins():
    listed = [live("B"), live("A", workspace="z"), live("A"), live("B", llm_id="other")]
    assert [llm.workspace_id + llm.name for llm in ordered(listed)] == ["wsA", "wsB", "wsB", "zA"]
    assert set(twins(listed)) == {"id-B", "other"}
