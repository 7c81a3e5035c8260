"""What counts as drift, and how it is worded."""

import pytest
from plan_documents import PLAIN
from records import URL, desired, live, locked

from fbsync.model.configurations import Field
from fbsync.model.errors import ExitCode
from fbsync.model.live import Live
from fbsync.planning.drift import (
    ChangedOutside,
    DeletedOutside,
    FieldDrift,
    ReplacedOutside,
    Unadopted,
    Unmanaged,
    find_drift,
)
from fbsync.render.document import result_document
from fbsync.render.drift_found import DriftFound
from fbsync.render.drift_text import drift_summary, drift_text
from fbsync.render.known_document import drift_part
from fbsync.schema.validate import Kind, validate


def drift(wanted=(), known=(), listed=(), workspaces=("ws",), **options):
    return find_drift(
        tuple(wanted), tuple(known), Live(llms=tuple(listed), workspaces=frozenset(workspaces)), **options
    )


def only_difference(*args, **options):
    (difference,) = drift(*args, **options).differences
    return difference


class TestTable:
    def test_nothing_known_and_nothing_there(self):
        found = drift()
        assert (found.differences, found.in_step, found.is_found) == ((), 0, False)

    def test_live_as_known_is_in_step_whatever_is_declared(self):
        for wanted in ([], [desired()], [desired(endpoint=URL + "/2")]):
            found = drift(wanted, [locked()], [live()])
            assert (found.differences, found.in_step, found.is_found) == ((), 1, False)

    @pytest.mark.parametrize(
        ("changed", "field", "before", "after"),
        [
            ({"endpoint": URL + "/2"}, Field.ENDPOINT, URL, URL + "/2"),
            ({"ai_type": "OTHER"}, Field.AI_TYPE, "OPENAI", "OTHER"),
            ({"name": "B", "llm_id": "id-A"}, Field.NAME, "A", "B"),
            ({"workspace": "other"}, Field.WORKSPACE_ID, "ws", "other"),
        ],
    )
    def test_a_field_that_differs_is_a_change_outside(self, changed, field, before, after):
        there = live(**changed)
        assert only_difference([desired()], [locked()], [there]) == ChangedOutside(
            locked=locked(), live=there, fields=(FieldDrift(field=field, known=before, live=after),)
        )

    def test_what_the_listing_leaves_out_is_not_compared(self):
        assert drift([], [locked()], [live(endpoint=None, ai_type=None)]).in_step == 1

    def test_known_and_no_longer_there_was_deleted_outside(self):
        assert only_difference([desired()], [locked()], []) == DeletedOutside(locked=locked())

    def test_another_id_in_its_place_was_replaced_outside(self):
        there = live(llm_id="new", endpoint=URL + "/2")
        assert only_difference([desired()], [locked()], [there]) == ReplacedOutside(
            locked=locked(), live=(there,), fields=(FieldDrift(field=Field.ENDPOINT, known=URL, live=URL + "/2"),)
        )

    def test_several_in_its_place_are_all_named(self):
        there = (live(llm_id="x"), live(llm_id="y"))
        assert only_difference([], [locked()], reversed(there)) == ReplacedOutside(locked=locked(), live=there)

    def test_a_name_taken_over_from_a_renamed_one_is_not_a_replacement(self):
        renamed, taker = live(name="B", llm_id="id-A"), live(llm_id="new")
        found = drift([desired()], [locked()], [renamed, taker])
        assert found.differences == (
            ChangedOutside(locked=locked(), live=renamed, fields=(FieldDrift(field=Field.NAME, known="A", live="B"),)),
            Unadopted(live=taker),
        )

    def test_neither_declared_nor_known_is_unmanaged_and_no_drift(self):
        found = drift([desired()], [locked()], [live(), live("B")])
        assert (found.differences, found.is_found) == ((Unmanaged(live=live("B")),), False)

    def test_declared_and_there_but_not_known_is_no_drift_either(self):
        found = drift([desired()], [], [live()])
        assert (found.differences, found.is_found) == ((Unadopted(live=live()),), False)

    def test_a_workspace_that_the_server_did_not_tell_of_is_not_compared(self):
        found = drift([], [locked(), locked("B", workspace="other")], [live()], workspaces=("ws",))
        assert (found.differences, found.in_step) == ((), 1)

    def test_a_deletion_that_an_unfinished_apply_may_have_done_is_in_doubt(self):
        found = drift([], [locked(), locked("B")], [], in_doubt={"id-A"})
        assert [difference.in_doubt for difference in found.differences] == [True, False]
        assert found.is_found

    def test_the_known_ones_come_first_and_the_others_by_identity(self):
        found = drift([], [locked("Z"), locked("Y")], [live("C"), live("B"), live("A", workspace="v")])
        assert [type(item).__name__ for item in found.differences] == ["DeletedOutside"] * 2 + ["Unmanaged"] * 3
        assert [item.live.identity for item in found.differences[2:]] == sorted(
            item.live.identity for item in found.differences[2:]
        )


class TestEmptied:
    """If a workspace lists none of several known entries, an apply would refuse to recreate them."""

    def test_what_undoes_it_is_checked_first_and_asked_for(self):
        emptied = drift([], [locked("A"), locked("B"), locked("C", workspace="v")], [], workspaces={"ws", "v"})
        assert [difference.with_all for difference in emptied.differences] == [True, True, False]
        declared = {desired(name).identity: name for name in ("A", "B")}
        lines = drift_text(found(emptied, declared=declared), paint=PLAIN).splitlines()
        undo = next(line for line in lines if "to undo" in line)
        assert "check the API URL and the token first" in undo
        assert undo.endswith("then fbsync apply --recreate --only A")

    def test_one_entry_that_is_still_listed_is_enough(self):
        (gone,) = drift([], [locked("A"), locked("B")], [live("B")]).differences
        assert not gone.with_all


class TestOnly:
    def test_others_are_neither_compared_nor_counted(self):
        found = drift([], [locked(), locked("B")], [live("B"), live("C")], only={"B"})
        assert (found.differences, found.in_step) == ((), 1)

    @pytest.mark.parametrize("name", ["A", "B"])
    def test_a_renamed_one_goes_by_both_names(self, name):
        difference = only_difference([], [locked()], [live("B", llm_id="id-A")], only={name})
        assert isinstance(difference, ChangedOutside)

    def test_an_unmanaged_one_can_be_named(self):
        assert only_difference([], [locked()], [live("C")], only={"C"}) == Unmanaged(live=live("C"))


def found(drift, **more):
    given = {"environment": None, "api_url": "https://x.example", "compared": "Compared.", "declared": {}}
    return DriftFound(drift=drift, **given | more)


DECLARED = {desired(name).identity: name for name in ("Changed", "Gone", "Other", "New")}
EVERY_KIND = drift(
    [desired("New")],
    [locked("Changed"), locked("Gone"), locked("Other"), locked("Same"), locked("Twice")],
    [
        live("Changed", endpoint=URL + "/\x1b[2J", ai_type="AWS"),
        live("Other", llm_id="other", ai_type=None),
        live("Same"),
        live("Twice", llm_id="one"),
        live("Twice", llm_id="two"),
        live("New"),
        live("Foreign\u202e"),
    ],
    in_doubt={"id-Gone"},
)


class TestRendering:
    def test_every_kind_as_text(self):
        assert drift_text(found(EVERY_KIND, declared=DECLARED), paint=PLAIN).splitlines() == [
            "Server: https://x.example",
            "Compared. Credentials are not compared: the server never shows them.",
            "",
            "  ~ Changed (workspace ws, id id-Changed): changed outside",
            "      aiType:   OPENAI → AWS",
            f"      endpoint: {URL} → {URL}/\\x1b[2J",
            "      to undo: fbsync apply --only Changed",
            "      to keep: fbsync drift --accept Changed",
            "",
            "  - Gone (workspace ws, id id-Gone): deleted outside",
            "      note: an interrupted apply may have done this; the next one checks",
            "      to undo: fbsync apply --only Gone, which recreates it",
            "      to keep: fbsync drift --accept Gone",
            "",
            "  ~ Other (workspace ws, id id-Other): replaced outside, now id other",
            "      to undo: delete the other one on the server and apply",
            "      to keep: fbsync apply --adopt --only Other",
            "",
            "  ~ Twice (workspace ws, id id-Twice): replaced outside, now ids one, two",
            "      to undo: declare it again and apply",
            "      to keep: fbsync state forget Twice",
            "",
            "  ? Foreign\\u202e (workspace ws, id id-Foreign\\u202e): unmanaged: neither declared nor in the lockfile",
            "      to keep: nothing; fbsync export adds it to the manifest",
            "",
            "  ? New (workspace ws, id id-New): declared, but not in the lockfile",
            "      to keep: fbsync apply --adopt --only New",
            "",
            "Drift: 1 changed, 1 deleted, 2 replaced, 1 unchanged. 1 unmanaged, 1 to adopt.",
        ]

    def test_no_drift_as_text(self):
        assert drift_summary(drift([], [locked()], [live()])) == "No drift: 1 unchanged."

    def test_every_kind_fits_the_schema(self):
        document = result_document("drift", ExitCode.PENDING, drift=drift_part(found(EVERY_KIND)))
        assert validate(Kind.RESULT, document) == ()
        entries = {entry["name"]: entry for entry in document["drift"]["entries"]}
        assert entries["Changed"]["fields"] == ["aiType", "endpoint"]
        assert (entries["Gone"]["live_ids"], entries["Gone"]["live"], entries["Gone"]["in_doubt"]) == ([], None, True)
        assert (entries["Other"]["id"], entries["Other"]["live_ids"]) == ("id-Other", ["other"])
        assert (entries["Twice"]["live_ids"], entries["Twice"]["live"]) == (["one", "two"], None)
        assert (entries["New"]["id"], entries["New"]["known"]) == (None, None)
        assert document["drift"]["summary"] == {
            "unchanged": 1,
            "changed": 1,
            "deleted": 1,
            "replaced": 2,
            "unadopted": 1,
            "unmanaged": 1,
        }
