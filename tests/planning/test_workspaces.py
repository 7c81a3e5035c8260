"""Workspaces by name: what the lockfile keeps, and what the server lists."""

from dataclasses import replace

import pytest
from records import desired, locked, text

from fbsync.model.configurations import Text
from fbsync.model.errors import InvalidInput
from fbsync.model.findings import Position
from fbsync.model.live import Workspace
from fbsync.planning.workspaces import remembered, unresolved, with_listed_ids

PLACE = Position(file="fbsync.yaml", line=2, column=12)


def by_name(name="A", workspace="Research"):
    unknown = Text(template=workspace, value=None, position=PLACE)
    return replace(desired(name, workspace=unknown), workspace=workspace)


def recorded(name="Research", **fields):
    return replace(locked("B", **fields), workspace=name)


def ids(llms):
    return [llm.workspace_id.value for llm in llms]


class TestRemembered:
    def test_the_lockfile_knows_the_id(self):
        assert ids(remembered([by_name()], [locked("B", workspace="ws-1", llm_id="b")])) == [None]
        assert ids(remembered([by_name()], [recorded(workspace="ws-1")])) == ["ws-1"]

    def test_a_name_with_several_ids_is_not_trusted(self):
        known = [recorded(workspace="ws-1"), recorded(workspace="ws-2")]
        assert unresolved(remembered([by_name()], known)) == ("Research",)

    def test_what_is_given_by_id_stays(self):
        assert ids(remembered([desired(workspace=text("ws-9"))], [])) == ["ws-9"]


class TestListed:
    SERVER = tuple(
        Workspace(id=f"ws-{at}", name=name) for at, name in enumerate(("Research", "Sales", "Sales"), start=1)
    )

    def test_the_server_says_the_id(self):
        assert ids(with_listed_ids([by_name(), desired(workspace=text("ws-9"))], self.SERVER)) == ["ws-1", "ws-9"]

    def test_the_server_is_right_where_the_lockfile_remembers_another_one(self):
        known = [recorded(workspace="ws-old")]
        assert ids(with_listed_ids(remembered([by_name()], known), self.SERVER)) == ["ws-1"]

    def test_a_name_of_two_workspaces_is_a_finding_with_both(self):
        with pytest.raises(InvalidInput) as caught:
            with_listed_ids([by_name(workspace="Sales"), by_name("B", workspace="Sales")], self.SERVER)
        (finding,) = caught.value.findings
        assert (finding.rule, finding.position) == ("ambiguous-workspace", PLACE)
        assert "ids ws-2, ws-3" in finding.message
        assert "workspaceId" in finding.remedy

    def test_a_name_of_none_is_a_finding_with_the_names_that_there_are(self):
        with pytest.raises(InvalidInput) as caught:
            with_listed_ids([by_name(workspace="Reserch")], self.SERVER)
        (finding,) = caught.value.findings
        assert finding.rule == "unknown-workspace"
        assert "Research, Sales" in finding.message
        assert finding.remedy == 'write "Research"'

    def test_a_server_that_lists_none(self):
        with pytest.raises(InvalidInput) as caught:
            with_listed_ids([by_name()], [])
        assert "you cannot see any" in caught.value.findings[0].message
