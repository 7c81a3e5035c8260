"""Credentials above their maximum age: their entries, the maximum that applies, and what renews them."""

from dataclasses import replace

import pytest
from records import PlainFingerprints, credential, desired, locked

from fbsync.model.ages import Ages, CredentialAge, days_of
from fbsync.model.configurations import Field, LockedCredential
from fbsync.planning.decide import make_plan
from fbsync.planning.old_credentials import old_in_known

TODAY = "2026-11-29"


def sent(day, value="a"):
    return LockedCredential(reference="KEY_A", fingerprint=value, sent_on=day)


def warned(wanted, known, most=90, **options):
    ages = Ages(today=TODAY, most=most)
    made = make_plan([wanted], [known], None, fingerprints=PlainFingerprints(), ages=ages, **options)
    return [notice.message for notice in made.warnings]


@pytest.mark.parametrize(
    ("day", "is_old"),
    [("2026-08-31", False), ("2026-08-30", True), (TODAY, False), ("2027-01-01", False), (None, False)],
)
def test_a_credential_is_too_old_from_the_day_after_the_maximum(day, is_old):
    assert bool(warned(desired(), replace(locked(), secret=sent(day)))) is is_old


def test_the_warning_says_which_one_since_when_and_what_to_do():
    assert warned(desired(), replace(locked(), secret=sent("2026-03-01"))) == [
        "its secret was last sent on 2026-03-01, 273 days ago: rotate it (maximum age: 90 days)"
    ]


def test_a_day_that_there_is_not_is_no_day():
    assert warned(desired(), replace(locked(), secret=sent("2026-02-31"))) == []


def test_a_key_has_an_age_of_its_own():
    known = replace(locked(secret="a"), secret=sent(TODAY), key=sent("2020-01-01", "k"))
    wanted = desired(key=credential("KEY_A", "k"))
    assert [message.split()[1] for message in warned(wanted, known)] == ["key"]


@pytest.mark.parametrize("options", [{"resend_secrets": True}, {}])
def test_what_the_plan_sends_is_no_longer_old(options):
    known = replace(locked(), secret=sent("2020-01-01", "a" if options else "rotated"))
    assert warned(desired(secret=credential("KEY_A", "a")), known, **options) == []


def test_without_a_maximum_nothing_is_old():
    assert warned(desired(), replace(locked(), secret=sent("2020-01-01")), most=None) == []


def test_the_manifest_has_a_maximum_of_its_own_and_the_option_wins():
    known = replace(locked(), secret=sent("2026-11-01"))
    wanted = replace(desired(), max_credential_age=7)
    assert "maximum age: 7 days" in warned(wanted, known, most=None)[0]
    assert warned(wanted, known, most=90) == []


def test_a_renamed_entry_is_warned_of_under_its_new_name():
    known = replace(locked("Before"), secret=sent("2020-01-01"))
    made = make_plan(
        [desired("After", previous_name="Before")],
        [known],
        None,
        fingerprints=PlainFingerprints(),
        ages=Ages(today=TODAY, most=90),
    )
    assert [notice.identity.name for notice in made.warnings] == ["After"]


def test_of_what_is_known_an_undeclared_one_has_the_options_maximum_only():
    known = [replace(locked(name), secret=sent("2020-01-01")) for name in ("Declared", "Undeclared")]
    wanted = [replace(desired("Declared"), max_credential_age=30)]
    for most, names in ((None, ["Declared"]), (90, ["Declared", "Undeclared"])):
        found = old_in_known(known, wanted, Ages(today=TODAY, most=most))
        assert [notice.identity.name for notice in found] == names


def test_a_stored_key_has_no_age():
    assert list(Ages(today=TODAY).of(replace(locked(), secret=None, api_key="k"))) == []


def test_ages_are_said_in_words():
    shown = [CredentialAge(field=Field.SECRET, sent_on="2026-11-01", days=days).shown for days in (0, 1, 28)]
    assert shown == [f"secret sent on 2026-11-01, {ago}" for ago in ("today", "1 day ago", "28 days ago")]


@pytest.mark.parametrize("text", ["90", "0d", "d", "90 d", "-1d", "1.5d", "3w", "٣d", "100000d", ""])
def test_a_maximum_is_a_number_of_days(text):
    assert days_of("90d") == 90
    with pytest.raises(ValueError, match="not a number of days"):
        days_of(text)
