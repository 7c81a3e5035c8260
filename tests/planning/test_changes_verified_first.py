"""Changes that the provider must accept first, and the variables that they require."""

import pytest
from records import URL, PlainFingerprints, credential, desired, live, locked, text

from fbsync.model.changes import Adopt, Create, Unchanged, Update, is_verified_first
from fbsync.model.live import Live
from fbsync.planning.decide import make_plan
from fbsync.planning.needs import missing_variables

NEW_URL = "https://new.example.com/v1"


def planned(declared, known, listed=None, **options):
    seen = None if listed is None else Live(llms=tuple(listed), workspaces=frozenset({"ws"}))
    return make_plan([declared], known, seen, fingerprints=PlainFingerprints(), **options).changes[0]


ROTATED = {"secret": credential(value="b")}

CASES = [
    pytest.param(desired(**ROTATED), [locked()], None, Update, True, id="credential"),
    pytest.param(desired(endpoint=NEW_URL), [locked()], None, Update, True, id="endpoint"),
    pytest.param(desired(ai_type="OTHER"), [locked()], None, Update, True, id="type"),
    pytest.param(desired(key=credential("KEY_K", "k")), [locked()], None, Update, True, id="key added"),
    pytest.param(desired(), [locked()], [live(endpoint=NEW_URL)], Update, True, id="drift"),
    pytest.param(desired("B", previous_name="A"), [locked()], None, Update, False, id="name alone"),
    pytest.param(desired("B", previous_name="A", **ROTATED), [locked()], None, Update, True, id="name and credential"),
    pytest.param(desired(), [], [live()], Adopt, True, id="adoption"),
    pytest.param(desired(), [], None, Create, False, id="creation"),
    pytest.param(desired(), [locked()], [], Create, False, id="deleted outside"),
    pytest.param(desired(), [locked()], None, Unchanged, False, id="unchanged"),
]


@pytest.mark.parametrize(("declared", "known", "listed", "kind", "expected"), CASES)
def test_what_is_verified_first(declared, known, listed, kind, expected):
    change = planned(declared, known, listed, verify_first=True)
    assert (type(change), is_verified_first(change)) == (kind, expected)
    assert not is_verified_first(planned(declared, known, listed))


def test_an_entry_asks_for_it_itself():
    assert is_verified_first(planned(desired(verify_first=True, **ROTATED), [locked()]))


def test_credentials_that_are_sent_again_are_verified_first():
    change = planned(desired(), [locked()], verify_first=True, resend_secrets=True)
    assert is_verified_first(change)


def test_it_needs_all_that_the_entry_has():
    declared = desired(endpoint=NEW_URL, secret=credential(value=None), key=credential("KEY_K", None))
    known = locked(key=locked(reference="KEY_K").secret)
    assert [need.variable for need in missing_variables([planned(declared, [known])])] == []
    needed = missing_variables([planned(declared, [known], verify_first=True)])
    assert [(need.variable, need.field) for need in needed] == [("KEY_K", "key"), ("KEY_A", "secret")]


def test_a_name_alone_needs_nothing():
    declared = desired("B", previous_name="A", endpoint=text("$URL", URL), secret=credential(value=None))
    assert missing_variables([planned(declared, [locked()], verify_first=True)]) == ()
