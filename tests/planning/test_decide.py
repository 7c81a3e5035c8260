"""The decision table of the design, with literals."""

from dataclasses import replace

import pytest
from plan_documents import PLAIN, document
from records import URL, PlainFingerprints, credential, desired, live, locked, text

from fbsync.execution.body import body
from fbsync.model.changes import Adopt, Blocked, Cause, Changed, Create, Delete, Unchanged, Undeclared, Update
from fbsync.model.configurations import Field, LockedCredential
from fbsync.model.live import Live
from fbsync.planning.allowed import Allowed, delete_limit
from fbsync.planning.decide import make_plan
from fbsync.planning.guards import refusals
from fbsync.planning.needs import missing_variables
from fbsync.planning.order import blockers, detours, in_order
from fbsync.render.plan_counts import plan_summary
from fbsync.render.plan_text import plan_text


def plan(wanted=(), known=(), listed=None, workspaces=("ws",), **options):
    state = None if listed is None else Live(llms=tuple(listed), workspaces=frozenset(workspaces))
    return make_plan(tuple(wanted), tuple(known), state, fingerprints=PlainFingerprints(), **options)


def only_change(*args, **options):
    (change,) = plan(*args, **options).changes
    return change


class TestTable:
    def test_declared_not_locked_not_asked_is_created(self):
        assert only_change([desired()]) == Create(desired=desired())

    def test_declared_not_locked_absent_is_created(self):
        assert only_change([desired()], [], []) == Create(desired=desired())

    def test_declared_not_locked_present_is_adopted(self):
        assert only_change([desired()], [], [live()]) == Adopt(desired=desired(), live=live())

    @pytest.mark.parametrize("there", [None, live()])
    def test_declared_and_locked_as_it_is_stays(self, there):
        change = only_change([desired()], [locked()], None if there is None else [there])
        assert change == Unchanged(desired=desired(), locked=locked(), live=there)

    @pytest.mark.parametrize("listed", [None, [live()]])
    def test_a_field_that_the_manifest_changed(self, listed):
        change = only_change([desired(endpoint=URL + "/2")], [locked()], listed)
        assert isinstance(change, Update)
        (field,) = change.fields
        assert (field.field, field.before, field.after.value, field.cause) == (
            Field.ENDPOINT,
            URL,
            URL + "/2",
            Cause.MANIFEST,
        )
        assert body(change) == {Field.ENDPOINT: URL + "/2"}

    def test_a_field_that_somebody_changed_outside(self):
        change = only_change([desired()], [locked()], [live(ai_type="OTHER")])
        assert isinstance(change, Update)
        (field,) = change.fields
        assert (field.before, field.after.value, field.known, field.cause) == (
            "OTHER",
            "OPENAI",
            "OPENAI",
            Cause.OUTSIDE,
        )
        assert body(change) == {Field.AI_TYPE: "OPENAI"}

    def test_a_field_that_both_changed(self):
        change = only_change([desired(ai_type="AWS")], [locked()], [live(ai_type="OTHER")])
        assert isinstance(change, Update)
        assert change.fields[0].cause is Cause.BOTH

    def test_a_field_that_both_changed_alike_only_renews_the_record(self):
        change = only_change([desired(endpoint=URL + "/2")], [locked()], [live(endpoint=URL + "/2")])
        assert isinstance(change, Unchanged)
        assert change.record

    def test_a_field_that_the_listing_leaves_out_is_not_compared(self):
        assert isinstance(only_change([desired()], [locked()], [live(endpoint=None, ai_type=None)]), Unchanged)

    def test_a_name_that_somebody_changed_outside_is_changed_back(self):
        change = only_change([desired()], [locked()], [live("renamed", llm_id="id-A")])
        assert isinstance(change, Update)
        assert body(change) == {Field.NAME: "A"}

    def test_declared_locked_absent_is_created_again(self):
        assert only_change([desired()], [locked()], []) == Create(desired=desired(), lost=locked())

    def test_declared_locked_with_another_id_is_as_adopt(self):
        other = live(llm_id="other")
        assert only_change([desired()], [locked()], [other]) == Adopt(desired=desired(), live=other, replaced=locked())

    @pytest.mark.parametrize("listed", [None, [live()], []])
    @pytest.mark.parametrize("protect", [False, True])
    def test_not_declared_but_locked_stays_undeclared(self, listed, protect):
        known = locked(protect=protect)
        assert only_change([], [known], listed) == Undeclared(locked=known)

    @pytest.mark.parametrize("listed", [None, [live()], []])
    def test_not_declared_but_locked_is_deleted_when_pruning(self, listed):
        assert only_change([], [locked()], listed, prune=True) == Delete(locked=locked())

    def test_the_same_id_in_another_workspace_is_another_one(self):
        moved = live(workspace="ws2")
        made = plan([desired()], [locked()], [moved], workspaces=("ws", "ws2"))
        assert made.changes == (Create(desired=desired(), lost=locked()),)
        assert "is now in workspace ws2" in made.warnings[0].message
        ours = live(llm_id="new")
        (change,) = plan([desired()], [locked()], [moved, ours], workspaces=("ws", "ws2")).changes
        assert change == Adopt(desired=desired(), live=ours, replaced=locked())

    def test_not_declared_not_locked_present_is_left_alone(self):
        assert plan([], [], [live()], prune=True).changes == ()

    def test_an_identity_that_the_server_has_twice_is_blocked_with_the_ids(self):
        change = only_change([desired()], [], [live(llm_id="one"), live(llm_id="two")])
        assert isinstance(change, Blocked)
        assert "ids one, two" in change.message

    def test_another_one_of_the_same_name_does_not_matter_while_ours_is_there(self):
        listed = [live(), live(llm_id="another")]
        assert isinstance(only_change([desired()], [locked()], listed), Unchanged)

    def test_what_may_have_been_created_is_blocked_where_the_server_does_not_tell(self):
        doubts = frozenset({desired().identity})
        assert isinstance(only_change([desired()], [], [], workspaces=(), in_doubt=doubts), Blocked)
        assert isinstance(only_change([desired()], [], [], in_doubt=doubts), Create)

    def test_a_workspace_that_was_not_asked_is_not_taken_for_empty(self):
        known = locked(workspace="elsewhere")
        assert only_change([desired(workspace="elsewhere")], [known], [], workspaces=["ws"]) == Unchanged(
            desired=desired(workspace="elsewhere"), locked=known
        )
        assert only_change([], [known], [], workspaces=["ws"], prune=True) == Delete(locked=known)

    def test_the_same_arguments_give_the_same_plan(self):
        arguments = ([desired("A"), desired("B")], [locked("B"), locked("C")], [live("A"), live("C")])
        assert plan(*arguments) == plan(*arguments)


class TestCredentials:
    def test_a_rotated_secret_is_the_only_thing_sent(self):
        change = only_change([desired(secret=credential(value="b"))], [locked()])
        assert isinstance(change, Update)
        assert {field: secret.reveal() for field, secret in body(change).items()} == {Field.SECRET: "b"}

    def test_a_secret_whose_variable_is_not_set_is_unverified_and_not_sent(self):
        change = only_change([desired(secret=credential(value=None))], [locked()])
        assert isinstance(change, Unchanged)
        assert [item.changed for item in change.credentials] == [Changed.UNVERIFIED]
        assert missing_variables([change]) == ()

    def test_an_unset_secret_does_not_keep_other_fields_from_changing(self):
        change = only_change([desired(endpoint=URL + "/2", secret=credential(value=None))], [locked()])
        assert isinstance(change, Update)
        assert body(change) == {Field.ENDPOINT: URL + "/2"}
        assert missing_variables([change]) == ()

    def test_a_secret_of_another_variable_with_the_same_value_only_renews_the_record(self):
        change = only_change([desired(secret=credential("KEY_B"))], [locked()])
        assert isinstance(change, Unchanged)
        assert change.record

    def test_a_secret_of_another_variable_that_is_not_set_is_needed(self):
        change = only_change([desired(secret=credential("KEY_B", None))], [locked()])
        assert isinstance(change, Update)
        assert [need.variable for need in missing_variables([change])] == ["KEY_B"]

    def test_a_key_that_is_new_is_sent_and_one_that_is_gone_is_taken_away(self):
        added = only_change([desired(key=credential("KEY_ID", "k"))], [locked()])
        assert isinstance(added, Update)
        assert list(body(added)) == [Field.KEY]
        known = locked(key=LockedCredential(reference="KEY_ID", fingerprint="k"))
        removed = only_change([desired()], [known])
        assert isinstance(removed, Update)
        assert body(removed) == {Field.KEY: None}

    def test_a_creation_needs_everything_that_it_sends(self):
        llm = desired(endpoint=text("$HOST", None), workspace=text("$WS", None), secret=credential(value=None))
        assert [need.variable for need in missing_variables(plan([llm]).changes)] == ["WS", "HOST", "KEY_A"]


class TestReferencesThatAreNotSet:
    def test_an_entry_is_found_by_the_template_of_its_workspace(self):
        llm = desired(workspace=text("$WS", None))
        known = locked(workspace="ws-1", workspace_template="$WS")
        assert isinstance(only_change([llm], [known]), Unchanged)
        assert isinstance(plan([desired(workspace=text("$OTHER", None))], [known]).changes[0], Create)

    def test_an_endpoint_with_the_same_template_is_taken_as_it_is(self):
        llm = desired(endpoint=text("https://$HOST", None))
        assert isinstance(only_change([llm], [locked(endpoint_template="https://$HOST")]), Unchanged)
        changed = only_change([llm], [locked()])
        assert isinstance(changed, Update)
        assert [need.variable for need in missing_variables([changed])] == ["https://$HOST"]


class TestRenames:
    def test_a_previous_name_renames_instead_of_creating(self):
        change = only_change([desired("B", previous_name="A")], [locked("A")])
        assert isinstance(change, Update)
        assert body(change) == {Field.NAME: "B"}

    def test_a_previous_name_that_was_dealt_with_is_ignored(self):
        assert isinstance(only_change([desired("B", previous_name="A")], [locked("B", previous_name="A")]), Unchanged)

    def test_a_previous_name_that_nobody_knows_is_a_creation(self):
        assert isinstance(only_change([desired("B", previous_name="A")]), Create)

    def test_a_rename_frees_its_name_for_a_new_entry(self):
        changes = plan([desired("A"), desired("B", previous_name="A")], [locked("A")]).changes
        assert isinstance(changes[0], Create)
        assert isinstance(changes[1], Update)
        assert blockers(changes) == [1, None]

    def test_a_rename_to_a_name_that_somebody_else_bears_is_blocked_and_so_is_what_waits_for_it(self):
        wanted = [desired("C", previous_name="B"), desired("B", previous_name="A"), desired("A")]
        known, theirs = [locked("A"), locked("B")], live("C", llm_id="theirs")
        changes = plan(wanted, known, [live("A"), live("B"), theirs]).changes
        assert [type(change) for change in changes] == [Blocked] * 3
        assert [change.message.rpartition(" ")[2] for change in changes] == ["theirs", "id-B", "id-A"]
        assert [type(change) for change in plan(wanted, known, [live("A"), live("B")]).changes] == [
            Update,
            Update,
            Create,
        ]

    def test_a_chain_of_renames_is_in_order(self):
        wanted = [desired("B", previous_name="A"), desired("C", previous_name="B")]
        changes = plan(wanted, [locked("A"), locked("B")]).changes
        assert [change.locked.name for change in changes] == ["A", "B"]
        assert blockers(changes) == [1, None]
        assert detours(changes) == frozenset()
        assert in_order(blockers(changes), frozenset()) == [1, 0]

    def test_a_very_long_chain_is_in_order(self):
        wanted = [desired(f"N{at + 1}", previous_name=f"N{at}") for at in range(5_000)]
        changes = plan(wanted, [locked(f"N{at}") for at in range(5_000)]).changes
        assert in_order(blockers(changes), detours(changes)) == list(reversed(range(5_000)))

    def test_a_circle_with_a_tail_goes_aside_once(self):
        waits = [1, 2, 0, 0, None]
        assert in_order(waits, frozenset({0})) == [0, 4, 2, 3, 1]

    def test_a_swap_is_seen_as_one_and_is_over_once_it_was_done(self):
        wanted = [desired("A", previous_name="B"), desired("B", previous_name="A")]
        changes = plan(wanted, [locked("A"), locked("B")]).changes
        assert [(change.locked.name, change.desired.name) for change in changes] == [("B", "A"), ("A", "B")]
        assert blockers(changes) == [1, 0]
        assert len(detours(changes)) == 1
        after = [locked("A", llm_id="id-B", previous_name="B"), locked("B", llm_id="id-A", previous_name="A")]
        assert all(isinstance(change, Unchanged) for change in plan(wanted, after).changes)

    def test_a_deletion_comes_before_what_claims_its_name(self):
        changes = plan([desired("A", secret=credential())], [locked("A", workspace="ws2")], prune=True).changes
        assert blockers(changes) == [None, None]
        moved = (Create(desired=desired("A")), Delete(locked=locked("A")))
        assert blockers(moved) == [1, None]


TEN = tuple(locked(name) for name in "ABCDEFGHIJ")


class TestGuards:
    def refuse(self, made, **options):
        given = {"declared": 1, "known": TEN, "live": None}
        given |= {name: options.pop(name) for name in ("declared", "known", "live", "explained") if name in options}
        return [refusal.message for refusal in refusals(made, Allowed(**options), **given)]

    def test_an_adoption_needs_to_be_allowed(self):
        made = plan([desired()], [], [live()])
        assert "is already on the server (id id-A)" in self.refuse(made)[0]
        assert self.refuse(made, adopt=True) == []

    def test_a_protected_entry_is_not_deleted(self):
        made = plan([], [locked(protect=True)], prune=True)
        assert "is protected" in self.refuse(made)[0]

    def test_too_many_deletions(self):
        made = plan([], [locked(name) for name in "ABCDEF"], prune=True)
        assert self.refuse(made) == ["this would delete 6 configurations; the limit is 5"]
        assert self.refuse(made, max_deletes="6") == []
        assert self.refuse(made, max_deletes="50%") == ["this would delete 6 configurations; the limit is 5"]

    def test_an_empty_manifest_prunes_nothing(self):
        assert "declares nothing" in self.refuse(plan([], [locked()], prune=True), declared=0)[0]

    def test_half_a_picture_prunes_nothing(self):
        made = plan([], [locked()], prune=True)
        untold = Live(llms=(), workspaces=frozenset(), untold=frozenset({"ws"}))
        assert "so nothing can be pruned" in self.refuse(made, live=untold)[0]

    def test_every_reason_at_once(self):
        made = plan(
            [desired("N")], [locked(name, protect=True) for name in "ABCDEF"], [live(n) for n in "NABCDEF"], prune=True
        )
        assert len(self.refuse(made)) == 1 + 6 + 1

    @pytest.mark.parametrize("wrong", ["", "x", "-1", "101%", "-1%", "%", "1.5"])
    def test_a_limit_that_is_none(self, wrong):
        with pytest.raises(ValueError, match=r"."):
            delete_limit(wrong, 10)


class TestOnly:
    def test_the_plan_is_limited_to_names(self):
        made = plan([desired("A"), desired("B")], [locked("C")], prune=True, only=frozenset({"A"}))
        assert made.changes == (Create(desired=desired("A")),)


class TestNotices:
    def test_an_endpoint_on_another_host_is_warned_about(self):
        (notice,) = plan([desired(endpoint="https://elsewhere.example.net/v1")], [locked()]).warnings
        assert notice.message.endswith("sent to elsewhere.example.net instead of api.example.com")

    def test_another_path_on_the_same_host_is_not(self):
        assert plan([desired(endpoint=URL.upper().replace("HTTPS", "https"))], [locked()]).warnings == ()

    def test_another_workspace_is_said_plainly_to_be_another_configuration(self):
        made = plan([desired(workspace="ws2")], [locked()])
        assert [type(change) for change in made.changes] == [Create, Undeclared]
        (notice,) = made.warnings
        assert "the one in ws (id id-A) stays until it is deleted with --prune" in notice.message


class TestSummary:
    def test_terraforms_sentence(self):
        made = plan([desired("N"), desired("A", ai_type="AWS")], [locked("A"), locked("D")], prune=True)
        assert plan_summary(document(made)) == "Plan: 1 to add, 1 to change, 1 to destroy."

    def test_nothing_to_do(self):
        assert plan_summary(document(plan([desired()], [locked()]))).startswith("No changes.")

    def test_names_cannot_act_on_the_terminal(self):
        made = plan([desired("evil\x1b[2J\u202ename")])
        shown = plan_text(document(made), paint=PLAIN)
        assert "\x1b" not in shown
        assert "\u202e" not in shown
        assert "evil\\x1b[2J\\u202ename" in shown


def test_records_are_compared_by_value():
    assert replace(locked(), id="x") != locked()


class TestUnknownCredentials:
    """After an export, the reference is known, but the server's value is not."""

    KNOWN = locked(secret=None)

    def test_a_value_that_is_here_is_sent(self):
        change = only_change([desired()], [self.KNOWN])
        assert isinstance(change, Update)
        assert [item.changed for item in change.credentials] == [Changed.UNVERIFIED]
        assert list(body(change)) == [Field.SECRET]

    def test_without_the_value_nothing_is_to_be_done(self):
        change = only_change([desired(secret=credential(value=None))], [self.KNOWN])
        assert isinstance(change, Unchanged)
        assert not change.record

    def test_it_can_be_assumed_to_be_what_the_server_holds(self):
        change = only_change([desired()], [self.KNOWN], assume_secrets=True)
        assert isinstance(change, Unchanged)
        assert change.record
        assert [item.assumed for item in change.credentials] == [True]

    def test_what_is_known_is_not_assumed(self):
        change = only_change([desired(secret=credential(value="b"))], [locked()], assume_secrets=True)
        assert isinstance(change, Update)
        assert list(body(change)) == [Field.SECRET]

    def test_another_variable_is_sent_even_then(self):
        change = only_change([desired(secret=credential("OTHER"))], [self.KNOWN], assume_secrets=True)
        assert isinstance(change, Update)
