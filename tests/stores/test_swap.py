"""Swap a state: the nonce identifies one's own write, whatever the store answers."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from store_doubles import MemoryStore, Troubled

from fbsync.model.errors import InvalidInput
from fbsync.stores.document import LeaseClaim, first_state, new_nonce, render_state
from fbsync.stores.holder import Holder
from fbsync.stores.protocol import Conflict, Denied, Unavailable, UnknownOutcome
from fbsync.stores.swap import StateObject

ME = Holder(host="a-host", process=1)
OTHER = Holder(host="another", process=2)


def swapped(store, script=()):
    return StateObject(Troubled(store, script), sleep=lambda _: None)


def test_a_state_comes_back():
    state = first_state(ME, lockfile="{}\n", journal=['{"a":1}'])
    written = swapped(MemoryStore()).swap(state, None)
    assert written.state == state


@pytest.mark.parametrize(
    "script",
    [
        ["lost"],
        ["dropped"],
        ["down"],
        ["down", "well", "lost"],
        ["dropped", "well", "lost"],
        ["lost", "down", "down", "well"],
        [Conflict("memory")],
    ],
)
def test_a_write_comes_through_once_whatever_is_answered(script):
    store = MemoryStore()
    first = swapped(store).swap(first_state(ME), None)
    state = first.state.succeeded(ME, claim=None)
    written = swapped(store, script).swap(state, first.tag)
    assert (written.state, written.tag) == (state, "2")
    assert swapped(store).read() == written


def test_a_refusal_by_ones_own_write_is_success():
    """The store's client sent the write twice by itself, and the store refused the second one."""

    class Twice(MemoryStore):
        def write(self, data, tag):
            super().write(data, tag)
            return super().write(data, tag)

    store = Twice()
    state = first_state(ME)
    assert swapped(store).swap(state, None).state == state


def test_somebody_elses_write_is_a_conflict():
    store = MemoryStore()
    first = swapped(store).swap(first_state(ME), None)
    swapped(store).swap(first.state.succeeded(OTHER, claim=None), first.tag)
    for script in ([], ["dropped"], ["down"]):
        with pytest.raises(Conflict):
            swapped(store, script).swap(first.state.succeeded(ME, claim=None), first.tag)


def test_a_store_that_stays_away_was_not_written():
    with pytest.raises(Unavailable):
        swapped(MemoryStore(), ["down"] * 20).swap(first_state(ME), None)


@pytest.mark.parametrize("first", ["lost", "dropped"])
@pytest.mark.parametrize("then", ["down", Denied("memory", "no right", hint="ask")])
def test_an_unknown_outcome_stays_unknown_whatever_later_attempts_say(first, then):
    with pytest.raises(UnknownOutcome):
        swapped(MemoryStore(), [first, *[then] * 20]).swap(first_state(ME), None)


def test_a_refusal_that_cannot_be_looked_into_is_unknown():
    with pytest.raises(UnknownOutcome):
        swapped(MemoryStore(), [Conflict("memory"), *["down"] * 20]).swap(first_state(ME), None)


def test_a_denial_ends_it():
    with pytest.raises(Denied):
        swapped(MemoryStore(), [Denied("memory", "no right", hint="ask")]).swap(first_state(ME), None)


def test_a_store_that_refuses_without_a_reason_is_told_from_a_conflict():
    with pytest.raises(Unavailable, match="although nothing changed"):
        swapped(MemoryStore(), [Conflict("memory"), "well"] * 4).swap(first_state(ME), None)


@pytest.mark.parametrize(
    ("data", "rule"),
    [
        (b"", "state-syntax"),
        (b"{}", "state-missing-key"),
        (b"\xff", "state-syntax"),
        (b'{"version": 2}', "state-version"),
        (b'{"version": 0}', "state-version"),
        (b'{"version": 1, "version": 1}', "state-syntax"),
        (b"[" * 100_000, "state-syntax"),
        (render_state(first_state(ME)).replace(b'"journal"', b'"journals"'), "state-unknown-key"),
        (render_state(first_state(ME)).replace(b'"lockfile": null', b'"lockfile": 1'), "state-wrong-type"),
        (render_state(first_state(ME))[:-9], "state-syntax"),
    ],
)
def test_what_fbsync_did_not_write_is_never_taken_for_empty(data, rule):
    store = MemoryStore()
    store.write(data, None)
    with pytest.raises(InvalidInput) as caught:
        swapped(store).read()
    assert rule in {finding.rule for finding in caught.value.findings}


texts = st.text(max_size=40)


@given(st.none() | texts, st.lists(texts, max_size=4), st.booleans(), st.none() | texts, texts)
def test_any_content_comes_back_as_it_was(lockfile, journal, held, user, host):
    writer = Holder(host=host, process=7, user=user)
    claim = LeaseClaim(id=new_nonce(), seconds=180) if held else None
    state = first_state(writer, lockfile=lockfile, journal=journal).succeeded(writer, claim=claim)
    store = MemoryStore()
    swapped(store).swap(state, None)
    assert swapped(store).read().state == state
    data = render_state(state)
    assert data == json.dumps(json.loads(data), indent=1, ensure_ascii=False).encode() + b"\n"
