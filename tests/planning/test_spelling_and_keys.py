"""A server's spellings and masked keys: another spelling is not a change, but a different key is drift."""

from dataclasses import replace

import pytest
from records import URL, PlainFingerprints, credential, desired, live, locked

from fbsync.execution.body import body
from fbsync.model.changes import Adopt, Changed, Create, KeyDrift, Unchanged, Update
from fbsync.model.configurations import IN_DOUBT, Field, LockedCredential, key_mask_digest
from fbsync.model.live import Live
from fbsync.planning.decide import make_plan
from fbsync.planning.drift import ChangedOutside, find_drift


def plan(wanted, known, listed, **options):
    state = Live(llms=tuple(listed), workspaces=frozenset({"ws"}))
    return make_plan(tuple(wanted), tuple(known), state, fingerprints=PlainFingerprints(), **options)


def drift(known, *listed, **options):
    found = find_drift((), (known,), Live(llms=listed, workspaces=frozenset({"ws"})), **options)
    return [
        (item.field, item.known, item.live)
        for difference in found.differences
        if isinstance(difference, ChangedOutside)
        for item in difference.fields
    ]


class TestSpelling:
    SPELLED = live(endpoint="https://API.example.com:443/v1/", ai_type="openai")

    def test_is_no_change_and_is_said_once(self):
        made = plan([desired()], [locked()], [self.SPELLED])
        (change,) = made.changes
        assert isinstance(change, Unchanged)
        assert change.record
        assert [notice.message for notice in made.warnings] == [
            "the server writes aiType as openai; fbsync treats them as the same",
            "the server writes endpoint as https://API.example.com:443/v1/; fbsync treats them as the same",
        ]
        learned = locked(served=((Field.AI_TYPE, "openai"), (Field.ENDPOINT, self.SPELLED.endpoint)))
        again = plan([desired()], [learned], [self.SPELLED])
        assert again.changes == (Unchanged(desired=desired(), locked=learned, live=self.SPELLED),)
        assert again.warnings == ()

    def test_is_no_drift(self):
        assert drift(locked(), self.SPELLED) == []
        assert drift(locked("Cafe\u0301", llm_id="x"), live("Caf\u00e9 ", llm_id="x")) == []

    def test_another_value_still_is_a_change(self):
        (change,) = plan([desired()], [locked()], [live(endpoint=f"{URL}/2")]).changes
        assert isinstance(change, Update)
        assert drift(locked(), live(endpoint=f"{URL}/2")) == [(Field.ENDPOINT, URL, f"{URL}/2")]

    def test_a_manifest_that_only_spells_it_otherwise_sends_nothing(self):
        (change,) = plan([desired(endpoint=f"{URL}/")], [locked()], [live()]).changes
        assert isinstance(change, Unchanged)
        assert change.record

    def test_a_name_that_the_server_normalised_is_found_again(self):
        wanted, there = desired("Cafe\u0301 "), live("Caf\u00e9", llm_id="new")
        assert isinstance(plan([wanted], [locked("Cafe\u0301 ", llm_id="new")], [there]).changes[0], Unchanged)
        (change,) = plan([wanted], [], [there]).changes
        assert change == Adopt(desired=wanted, live=there)

    def test_what_is_spelled_alike_comes_first(self):
        both = [live("A", llm_id="one"), live("A ", llm_id="two")]
        assert plan([desired("A")], [], both).changes == (Adopt(desired=desired("A"), live=both[0]),)
        known = [locked("A", llm_id="one"), locked("A ", llm_id="two")]
        changes = plan([desired("A"), desired("A ")], known, both).changes
        assert [change.locked.id for change in changes] == ["one", "two"]

    @pytest.mark.parametrize("taken", ["chat gpt", "ChatGPT"])
    def test_a_name_that_is_taken_but_for_case_or_blanks_is_said_to_be_so(self, taken):
        made = plan([desired("Chat GPT")], [], [live(taken, llm_id="theirs")])
        assert isinstance(made.changes[0], Create)
        assert f'the server has "{taken}" (id theirs)' in made.warnings[0].message


def with_key(mask="AKIA****", **more):
    return replace(live(**more), key_mask=mask, key_listed=True)


class TestKeys:
    KEY = credential("KEY_ID", "k")
    KNOWN = locked(key=LockedCredential(reference="KEY_ID", fingerprint="k"))

    def change(self, wanted, known, there, **options):
        return plan([wanted], [known], [there], **options).changes[0]

    def test_one_that_nobody_declares_is_taken_away(self):
        change = self.change(desired(), locked(), with_key())
        assert isinstance(change, Update)
        assert body(change) == {Field.KEY: None}
        assert [item.drift for item in change.credentials if item.field is Field.KEY] == [KeyDrift.ADDED]
        assert drift(locked(), with_key()) == [(Field.KEY, "none", "a key")]

    def test_a_declared_one_that_is_gone_is_sent_again_where_the_server_masks_keys(self):
        there = with_key(None)
        assert isinstance(self.change(desired(key=self.KEY), self.KNOWN, there), Unchanged)
        change = self.change(desired(key=self.KEY), self.KNOWN, there, keys_masked=True)
        assert list(body(change)) == [Field.KEY]
        assert drift(self.KNOWN, there) == []
        assert drift(self.KNOWN, there, keys_masked=True) == [(Field.KEY, "a key", "none")]

    def test_the_masks_of_others_in_the_list_show_that_the_server_masks_keys(self):
        listed = [with_key(None), with_key(name="B")]
        (change,) = plan([desired(key=self.KEY)], [self.KNOWN], listed).changes
        assert list(body(change)) == [Field.KEY]

    def test_a_mask_that_changed_is_drift_and_one_that_did_not_is_none(self):
        known = replace(self.KNOWN, key_mask=key_mask_digest("AKIA****", self.KNOWN.id))
        assert isinstance(self.change(desired(key=self.KEY), known, with_key()), Unchanged)
        change = self.change(desired(key=self.KEY), known, with_key("ASIA****"))
        assert list(body(change)) == [Field.KEY]
        assert drift(known, with_key("ASIA****")) == [(Field.KEY, "a key", "another key")]
        assert drift(known, with_key()) == []

    def test_a_list_without_the_field_says_nothing(self):
        assert isinstance(self.change(desired(key=self.KEY), self.KNOWN, live(), keys_masked=True), Unchanged)

    def test_one_that_is_gone_need_not_be_taken_away(self):
        change = self.change(desired(), self.KNOWN, with_key(None), keys_masked=True)
        assert isinstance(change, Unchanged)
        assert change.record
        unproven = self.change(desired(), self.KNOWN, with_key(None))
        assert isinstance(unproven, Update)
        assert body(unproven) == {Field.KEY: None}


class WithoutKey(PlainFingerprints):
    """A lockfile without its fingerprint key."""

    can_verify = False

    def matches(self, credential, locked, *, llm_id, field):
        return None


class TestSendingAgain:
    def test_what_is_in_doubt_is_sent_also_where_nothing_can_be_compared(self):
        known = locked(secret=IN_DOUBT)
        for fingerprints in (PlainFingerprints(), WithoutKey()):
            (change,) = make_plan([desired()], [known], None, fingerprints=fingerprints).changes
            assert list(body(change)) == [Field.SECRET]

    def test_what_is_in_doubt_is_unverified_where_its_value_is_not_here(self):
        wanted = desired(secret=credential(value=None))
        (change,) = make_plan([wanted], [locked(secret=IN_DOUBT)], None, fingerprints=WithoutKey()).changes
        assert isinstance(change, Unchanged)
        assert [item.changed for item in change.credentials] == [Changed.UNVERIFIED]

    def test_all_are_sent_where_somebody_asks_for_it(self):
        wanted = [desired("A", key=TestKeys.KEY), desired("B")]
        known = [replace(TestKeys.KNOWN), locked("B")]
        made = make_plan(wanted, known, None, fingerprints=PlainFingerprints(), resend_secrets=True)
        assert [list(body(change)) for change in made.changes] == [[Field.KEY, Field.SECRET], [Field.SECRET]]
        limited = make_plan(
            wanted, known, None, fingerprints=PlainFingerprints(), resend_secrets=True, only=frozenset({"B"})
        )
        assert [change.desired.name for change in limited.changes] == ["B"]
