"""Every export reads back, and its plan against the same server is empty."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from records import live

from fbsync.export.build import export
from fbsync.manifest.assemble import assemble
from fbsync.model.changes import Unchanged
from fbsync.model.live import Live
from fbsync.planning.decide import make_plan
from fbsync.strict_yaml.loader import parse_document
from fbsync.workflow.inputs import no_inputs
from fbsync.workflow.project import load_project
from fbsync.workflow.target import Where

text = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
odd_names = text | st.sampled_from(["no", "~", "- a", "a: b", "#x", "$HOME", " a ", "日本", "Flashback", "4o", "A\nB"])
odd_endpoints = st.builds("https://x.example.com/{}".format, text) | st.sampled_from(
    ["https://x.example.com/$HOME/${X}", "https://x.example.com/$$", "ftp://x", "", "https://u:p@x.example.com"]
)
configurations = st.lists(
    st.builds(
        live,
        odd_names,
        llm_id=st.uuids().map(str),
        workspace=st.sampled_from(["ws", "ws-b", "$WS", "no"]),
        ai_type=st.sampled_from(["OPENAI", "AWS", "OTHER", "AZURE"]),
        endpoint=odd_endpoints,
    ),
    max_size=6,
)


@pytest.fixture(scope="module")
def nothing(tmp_path_factory):
    """A project with no manifest and no lockfile."""
    folder = tmp_path_factory.mktemp("export")
    return load_project(no_inputs(Where(files=(folder / "fbsync.yaml",)), {"HOME": str(folder)}), online=False)


@given(listed=configurations)
def test_a_plan_after_any_export_is_empty(nothing, listed):
    made = export(nothing, listed, path=nothing.where.files[0], shown_as="fbsync.yaml")
    assert {llm.id for llm in made.added} | {left.live.id for left in made.left_out} == {llm.id for llm in listed}
    manifest = assemble([parse_document(made.text.encode(), file="fbsync.yaml")])
    desired = manifest.desired(None, nothing.variables)
    seen = Live(llms=tuple(listed), workspaces=frozenset(llm.workspace_id for llm in listed))
    plan = make_plan(desired, made.lockfile.llms, seen, fingerprints=nothing.fingerprints)
    assert [change for change in plan.changes if not isinstance(change, Unchanged) or change.record] == []
    assert {change.locked.id for change in plan.changes} == {llm.id for llm in made.added}
