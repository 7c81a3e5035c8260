"""Guards before the first change, and notices for reviewers."""

from itertools import pairwise

import pytest
from records import URL, PlainFingerprints, credential, desired, live, locked

from fbsync.model.changes import Blocked, Create, Delete, Undeclared, Update
from fbsync.model.live import Live
from fbsync.planning.allowed import Allowed
from fbsync.planning.decide import make_plan
from fbsync.planning.guards import refusals

ELSEWHERE = "https://elsewhere.example.net/v1"


def plan(wanted=(), known=(), listed=None, **options):
    state = None if listed is None else Live(llms=tuple(listed), workspaces=frozenset({"ws"}))
    return make_plan(tuple(wanted), tuple(known), state, fingerprints=PlainFingerprints(), **options)


def refused(made, known, listed, *, explained=(), **allowed):
    state = Live(llms=tuple(listed), workspaces=frozenset({"ws"}))
    found = refusals(made, Allowed(**allowed), declared=1, known=known, live=state, explained=set(explained))
    return [refusal.message for refusal in found]


def warned(made):
    return [notice.message for notice in made.warnings]


class TestAnEmptiedWorkspace:
    KNOWN = (locked("A"), locked("B"))

    def test_is_not_created_again_without_a_word(self):
        made = plan([desired("A"), desired("B")], self.KNOWN, [])
        (message,) = refused(made, self.KNOWN, [])
        assert "2 configurations of the workspace ws are in the lockfile, and the server lists none" in message
        assert refused(made, self.KNOWN, [], recreate=True) == []

    def test_is_not_pruned_either(self):
        made = plan([desired("C")], self.KNOWN, [], prune=True)
        assert len(refused(made, self.KNOWN, [])) == 1

    def test_one_entry_that_is_gone_was_deleted(self):
        made = plan([desired("A")], self.KNOWN[:1], [])
        assert refused(made, self.KNOWN[:1], []) == []

    def test_a_workspace_that_still_lists_something_is_not_empty(self):
        listed = [live("theirs")]
        assert refused(plan([desired("A"), desired("B")], self.KNOWN, listed), self.KNOWN, listed) == []

    def test_nothing_to_do_is_nothing_to_refuse(self):
        assert refused(plan([], self.KNOWN, []), self.KNOWN, []) == []


class TestAHostThatMovesAlthoughNobodyChangedTheManifest:
    """If both files are edited alike, there is no change to review, but an apply would send a credential there."""

    @pytest.mark.parametrize("there", [ELSEWHERE, "https://api.example.com:8443/v1"])
    def test_is_refused(self, there):
        known, listed = [locked()], [live(endpoint=there)]
        made = plan([desired()], known, listed)
        assert isinstance(made.changes[0], Update)
        (message,) = refused(made, known, listed)
        assert "although nobody changed the manifest" in message
        assert refused(made, known, listed, host_change=True) == []

    def test_https_that_becomes_http_is_as_much(self):
        known, listed = [locked(endpoint="http://api.example.com/v1")], [live()]
        assert len(refused(plan([desired(endpoint="http://api.example.com/v1")], known, listed), known, listed)) == 1

    def test_a_manifest_that_changed_is_no_reason(self):
        known, listed = [locked()], [live()]
        assert refused(plan([desired(endpoint=ELSEWHERE)], known, listed), known, listed) == []

    def test_another_path_on_the_same_host_is_none(self):
        known, listed = [locked()], [live(endpoint="https://API.example.com/v2/")]
        assert refused(plan([desired()], known, listed), known, listed) == []

    def test_what_an_unfinished_apply_explains_is_none(self):
        known, listed = [locked()], [live(endpoint=f"{ELSEWHERE}/")]
        made = plan([desired()], known, listed)
        assert refused(made, known, listed, explained=[("id-A", ELSEWHERE)]) == []
        assert len(refused(made, known, listed, explained=[("id-B", ELSEWHERE)])) == 1


def test_every_reason_is_given_at_once():
    known = [locked("A"), locked("P", protect=True), locked("Q")]
    listed = [live("A", endpoint=ELSEWHERE), live("N", llm_id="theirs")]
    made = plan([desired("A"), desired("N")], known, listed, prune=True)
    messages = refused(made, known, listed, max_deletes="1")
    words = (
        "already on the server",
        "is protected",
        "nobody changed the manifest",
        "delete 2 configurations",
    )
    assert len(messages) == len(words)
    assert all(any(word in message for message in messages) for word in words)


class TestWhoseEntries:
    def reads(self, declared_in):
        return declared_in == "ours.yaml"

    KNOWN = (locked("A", declared_in="ours.yaml"), locked("B", declared_in="theirs.yaml"), locked("C"))

    def test_only_what_this_run_reads_is_no_longer_declared(self):
        made = plan([], self.KNOWN[:2], None, prune=True, reads=self.reads)
        assert made.changes == (Delete(locked=self.KNOWN[0]),)
        assert made.elsewhere == 1

    def test_a_name_that_another_manifest_holds_stays_taken(self):
        wanted = [desired("B", previous_name="A", declared_in="ours.yaml")]
        known = [self.KNOWN[0], locked("B", declared_in="theirs.yaml", workspace="ws2")]
        made = plan(wanted, known, None, reads=self.reads)
        assert isinstance(made.changes[0], Update)

    def test_an_entry_that_moves_to_another_manifest_says_so(self):
        made = plan([desired("B", declared_in="ours.yaml")], self.KNOWN[1:2], None, reads=self.reads)
        assert warned(made) == ["it was declared in theirs.yaml, and now belongs to ours.yaml"]


class TestHosts:
    def test_a_known_variable_that_goes_to_a_new_host(self):
        made = plan([desired(), desired("N", endpoint=ELSEWHERE)], [locked()])
        (message,) = warned(made)
        assert message.startswith("$KEY_A will be sent to a host that it was not sent to before")
        assert message.endswith(": elsewhere.example.net (before: api.example.com)")

    def test_a_known_entry_that_takes_another_entrys_variable(self):
        known = [locked("A", reference="KEY_A"), locked("B", reference="KEY_B", endpoint=ELSEWHERE)]
        wanted = [desired("A"), desired("B", endpoint=ELSEWHERE, secret=credential("KEY_A", "a"))]
        assert warned(plan(wanted, known)) == []
        rotated = [desired("A"), desired("B", endpoint=ELSEWHERE, secret=credential("KEY_A", "x"))]
        assert "$KEY_A will be sent to a host" in warned(plan(rotated, known))[0]

    def test_a_variable_of_which_nothing_is_known_is_no_news(self):
        assert warned(plan([desired("N", secret=credential("NEW"))], [locked()])) == []

    def test_https_that_becomes_http(self):
        made = plan([desired(endpoint=URL.replace("https", "http"))], [locked()])
        assert warned(made) == ["the endpoint changes to http: the stored credential will be sent unencrypted"]

    def test_a_host_that_is_not_ascii_is_shown_in_punycode_too(self):
        made = plan([desired(endpoint="https://\u0430pi.example.com/v1")], [locked()])
        assert any("\u0430pi.example.com (xn--pi-6kc.example.com)" in message for message in warned(made))
        alone = plan([desired("N", endpoint="https://bücher.example")])
        assert warned(alone) == [
            "the host name is not ASCII and may look like another one: bücher.example (xn--bcher-kva.example)"
        ]


class TestRenames:
    def test_a_previous_name_of_which_nothing_is_known(self):
        made = plan([desired("B", previous_name="Z")], [locked("A")])
        assert 'no lockfile entry has its previousName "Z"' in warned(made)[0]
        assert warned(plan([desired("B", previous_name="Z")])) == []

    def test_an_addition_that_looks_like_a_rename(self):
        made = plan([desired("B")], [locked("A")])
        assert [type(change) for change in made.changes] == [Create, Undeclared]
        assert 'looks like "A" (id id-A)' in warned(made)[0]
        assert 'previousName: "A"' in warned(made)[0]

    @pytest.mark.parametrize(
        "other", [{"ai_type": "AWS"}, {"endpoint": ELSEWHERE}, {"reference": "OTHER"}, {"workspace": "ws2"}]
    )
    def test_one_that_does_not(self, other):
        assert not any("looks like" in message for message in warned(plan([desired("B")], [locked("A", **other)])))

    def test_several_candidates_are_named(self):
        two = plan([desired("C"), desired("D")], [locked("A"), locked("B")])
        said = 'looks like one of "A", "B", which are no longer declared: if it was renamed, set previousName'
        assert warned(two) == [said, said]
        five = plan([desired("X")], [locked(name) for name in "ABCDE"])
        assert 'looks like one of "A", "B", "C" and 2 more, which' in warned(five)[0]


class TestALimitThatCutsAChain:
    WANTED = (desired("C", previous_name="B"), desired("B", previous_name="A"), desired("A"))
    KNOWN = (locked("A"), locked("B"))

    def test_names_what_must_go_along(self):
        (change,) = plan(self.WANTED, self.KNOWN, only=frozenset({"B"})).changes
        assert isinstance(change, Blocked)
        assert change.message.endswith('that --only leaves out: "C"')
        assert change.hint == 'add --only "C"'
        (change,) = plan(self.WANTED, self.KNOWN, only=frozenset({"A"})).changes
        assert change.hint == 'add --only "B" --only "C"'

    def test_names_no_more_than_people_read(self):
        names = [f"N{number:02}" for number in range(15)]
        wanted = [desired(after, previous_name=before) for before, after in pairwise(names)]
        known = [locked(name) for name in names[:-1]]
        for left_out, others, hint in ((10, 10, "add --only"), (11, 10, "leave out --only")):
            (change,) = plan(wanted, known, only=frozenset({names[-1 - left_out]})).changes
            assert change.message.count('"N') == others
            assert change.message.endswith(" and others") is (left_out > 10)
            assert change.hint.startswith(hint)

    def test_passes_over_those_that_go_along(self):
        names = [f"N{number:02}" for number in range(15)]
        wanted = [desired(after, previous_name=before) for before, after in pairwise(names)]
        known = [locked(name) for name in names[:-1]]
        changes = plan(wanted, known, only=frozenset(names[:-1])).changes
        assert {change.hint for change in changes} == {'add --only "N14"'}

    def test_goes_on_where_all_of_it_goes_along(self):
        changes = plan(self.WANTED, self.KNOWN, only=frozenset({"B", "C"})).changes
        assert [type(change) for change in changes] == [Update, Update]

    def test_two_that_swap_names_need_each_other(self):
        wanted = (desired("A", previous_name="B"), desired("B", previous_name="A"))
        (change,) = plan(wanted, self.KNOWN, only=frozenset({"A"})).changes
        assert isinstance(change, Blocked)
