import copy
import json
import pickle
from dataclasses import asdict

import pytest

from fbsync.model.configurations import Credential
from fbsync.model.secret import Secret

CANARY = "canary-3f9a1c77e2-canary"


@pytest.fixture
def secret():
    return Secret(CANARY, reference="OPENAI_API_KEY")


@pytest.mark.parametrize(
    "show",
    [
        str,
        repr,
        "{}".format,
        "{!r}".format,
        "{!s}".format,
        "{:>60}".format,
        lambda s: f"{s}",
        "{0!s:.40}".format,
    ],
)
def test_it_prints_as_its_reference(secret, show):
    shown = show(secret)
    assert "$OPENAI_API_KEY" in shown
    assert CANARY not in shown


@pytest.mark.parametrize("take", [json.dumps, pickle.dumps, copy.copy, copy.deepcopy, list, dict, bytes, len, int])
def test_it_cannot_be_taken_apart_by_accident(secret, take):
    with pytest.raises((TypeError, ValueError)) as caught:
        take(secret)
    assert CANARY not in str(caught.value)


def test_it_cannot_be_joined_to_a_string(secret):
    with pytest.raises(TypeError):
        "token " + secret
    with pytest.raises(TypeError):
        "".join([secret])  # noqa: FLY002


def test_it_has_no_dictionary_and_no_attribute_of_that_value(secret):
    assert not hasattr(secret, "__dict__")
    public = {name: getattr(secret, name) for name in dir(secret) if not name.startswith("_")}
    assert CANARY not in repr(public)


def test_a_record_that_holds_one_can_be_printed_but_not_copied_out(secret):
    record = Credential(reference="OPENAI_API_KEY", secret=secret)
    assert CANARY not in repr(record)
    with pytest.raises(TypeError):
        asdict(record)


def test_only_reveal_gives_the_value(secret):
    assert secret.reveal() == CANARY


def test_equal_values_are_equal_whatever_their_reference(secret):
    assert secret == Secret(CANARY, reference="OTHER")
    assert hash(secret) == hash(Secret(CANARY, reference="OTHER"))
    assert secret != Secret("another", reference="OPENAI_API_KEY")
    assert secret != CANARY
