"""The record of an entry: days, spellings, masks, and its owner."""

from dataclasses import replace

from records import credential, desired, live, locked, text

from fbsync.model.changes import Adopt, Cause, Changed, Create, CredentialChange, FieldChange, Unchanged, Update
from fbsync.model.configurations import Field, LockedCredential, key_mask_digest
from fbsync.state.fingerprint import Fingerprinter, Method, Parameters
from fbsync.state.recording import Recorder

TODAY = "2026-02-03"
RECORDER = Recorder(
    fingerprints=Fingerprinter(Parameters(method=Method.SCRYPT, salt="c2FsdHNhbHRzYWx0c2FsdA"), key=None), today=TODAY
)
BEFORE = replace(locked(), secret=LockedCredential(reference="KEY_A", fingerprint="old", sent_on="2025-01-01"))


def secret_change(changed):
    return CredentialChange(field=Field.SECRET, before=BEFORE.secret, after=credential(), changed=changed)


def update(*credentials, fields=(), now=None, **more):
    return Update(desired=desired(**more), locked=BEFORE, fields=fields, credentials=credentials, live=now)


def endpoint_change(after):
    return FieldChange(
        field=Field.ENDPOINT, before=BEFORE.endpoint, after=text(after), known=BEFORE.endpoint, cause=Cause.MANIFEST
    )


class TestTheDayOfACredential:
    def test_is_that_of_the_creation_and_of_the_adoption(self):
        for change in (Create(desired=desired()), Adopt(desired=desired(), live=live())):
            assert RECORDER.entry(change, "id").secret.sent_on == TODAY

    def test_changes_when_it_is_sent_again_and_only_then(self):
        assert RECORDER.entry(update(secret_change(Changed.YES)), "id").secret.sent_on == TODAY
        sent_another = update(fields=(endpoint_change("https://b.example.com"),), endpoint="https://b.example.com")
        assert RECORDER.entry(sent_another, "id").secret == BEFORE.secret
        renewed = Unchanged(desired=desired(secret=credential("KEY_B")), locked=BEFORE)
        assert RECORDER.entry(renewed, "id").secret == replace(BEFORE.secret, reference="KEY_B")

    def test_is_not_told_of_one_that_is_only_assumed(self):
        unknown = LockedCredential(reference="KEY_A", fingerprint=None)
        assumed = CredentialChange(
            field=Field.SECRET,
            before=unknown,
            after=credential(),
            changed=Changed.UNVERIFIED,
            can_be_known=True,
            assumed=True,
        )
        made = RECORDER.entry(
            Unchanged(desired=desired(), locked=replace(BEFORE, secret=unknown), credentials=(assumed,)), "id"
        )
        assert made.secret.fingerprint is not None
        assert made.secret.sent_on is None


class TestWhatTheServerMadeOfIt:
    SPELLED = live(endpoint="https://API.example.com:443/v1/", ai_type="openai")

    def test_is_kept_and_is_nothing_where_it_is_the_same(self):
        made = RECORDER.entry(Unchanged(desired=desired(), locked=BEFORE, live=self.SPELLED), "id")
        assert made.endpoint == BEFORE.endpoint
        assert made.served == (
            (Field.AI_TYPE, "openai"),
            (Field.ENDPOINT, "https://API.example.com:443/v1/"),
        )
        assert RECORDER.entry(Unchanged(desired=desired(), locked=made, live=live()), "id").served == ()
        assert RECORDER.entry(Unchanged(desired=desired(), locked=made), "id").served == made.served

    def test_is_not_known_of_a_field_that_is_sent(self):
        change = update(
            fields=(endpoint_change("https://b.example.com"),), endpoint="https://b.example.com", now=self.SPELLED
        )
        assert RECORDER.entry(change, "id").served == ((Field.AI_TYPE, "openai"),)

    def test_another_value_is_no_spelling(self):
        other = live(endpoint="https://api.example.com/v2")
        assert RECORDER.entry(Unchanged(desired=desired(), locked=BEFORE, live=other), "id").served == ()


class TestTheMaskOfAKey:
    KEY = credential("KEY_ID", "k")
    KNOWN = replace(BEFORE, key=LockedCredential(reference="KEY_ID", fingerprint="k"))

    def entry(self, known, mask):
        listed = replace(live(), key_mask=mask, key_listed=True)
        return RECORDER.entry(Unchanged(desired=desired(key=self.KEY), locked=known, live=listed), "id")

    def test_is_learned_once_and_shows_nothing_of_the_key(self):
        made = self.entry(self.KNOWN, "AKIA****WXYZ")
        assert made.key_mask == key_mask_digest("AKIA****WXYZ", "id")
        assert "WXYZ" not in made.key_mask
        assert self.entry(made, "AKIA****ABCD").key_mask == made.key_mask

    def test_is_not_known_of_a_key_that_is_sent(self):
        known = replace(self.KNOWN, key_mask="0123456789abcdef")
        sent = CredentialChange(field=Field.KEY, before=known.key, after=self.KEY, changed=Changed.YES)
        change = Update(desired=desired(key=self.KEY), locked=known, fields=(), credentials=(sent,))
        assert RECORDER.entry(change, "id").key_mask is None


def test_the_manifest_that_declares_an_entry_is_kept():
    assert RECORDER.entry(Create(desired=desired(declared_in="a.yaml")), "id").declared_in == "a.yaml"
    moved = Unchanged(desired=desired(declared_in="b.yaml"), locked=replace(BEFORE, declared_in="a.yaml"))
    assert RECORDER.entry(moved, "id").declared_in == "b.yaml"
