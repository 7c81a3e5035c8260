"""What every store must do, on each of them; ``pytest tests/stores --store=ADDRESS`` runs it on any other."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from fbsync.model.errors import FbsyncError
from fbsync.stores.probe import check_honesty, probe_key
from fbsync.stores.protocol import Conflict, UnknownOutcome

WRITERS = 8


def attempt(store, data, tag):
    """The tag of a write, or None if it was refused."""
    try:
        return store.write(data, tag)
    except (Conflict, UnknownOutcome):
        return None


def in_threads(work):
    with ThreadPoolExecutor(WRITERS) as threads:
        return list(threads.map(work, range(WRITERS)))


def test_nothing_is_read_until_something_is_written(place):
    store = place("a")
    assert store.read() is None
    tag = store.write(b"one", None)
    assert (store.read().data, store.read().tag) == (b"one", tag)


def test_keys_are_apart(place):
    place("a").write(b"one", None)
    assert place("b").read() is None


def test_bytes_come_back_as_they_were(place):
    data = bytes(range(256)) * 300 + b"\r\n\n"
    place("a").write(data, None)
    assert place("a").read().data == data


def test_a_second_create_is_refused(place):
    first, second = place("a"), place("a")
    first.write(b"one", None)
    with pytest.raises(Conflict):
        second.write(b"two", None)
    assert second.read().data == b"one"


def test_of_eight_creates_at_once_one_comes_through(place):
    stores = [place("a") for _ in range(WRITERS)]
    tags = in_threads(lambda at: attempt(stores[at], b"%d" % at, None))
    winners = [at for at, tag in enumerate(tags) if tag is not None]
    assert len(winners) == 1
    assert place("a").read().data == b"%d" % winners[0]


def test_a_stale_replace_is_refused(place):
    first, second = place("a"), place("a")
    old = first.write(b"one", None)
    assert second.read().tag == old
    new = first.write(b"two", old)
    with pytest.raises(Conflict):
        second.write(b"three", old)
    assert (second.read().data, second.read().tag) == (b"two", new)


def test_a_replace_of_what_is_gone_is_refused(place):
    store = place("a")
    tag = store.write(b"one", None)
    store.remove()
    assert store.read() is None
    with pytest.raises(Conflict):
        store.write(b"two", tag)


def test_equal_content_on_one_version_comes_through_once(place):
    first, second = place("a"), place("a")
    tag = first.write(b"one", None)
    assert second.read().tag == tag
    first.write(b"two", tag)
    with pytest.raises(Conflict):
        second.write(b"two", tag)


def test_no_increment_of_eight_writers_is_lost(place, increments):
    place("a").write(b"0", None)

    def count(_):
        store = place("a")
        done = 0
        while done < increments:
            snapshot = store.read()
            done += attempt(store, b"%d" % (int(snapshot.data) + 1), snapshot.tag) is not None

    in_threads(count)
    assert place("a").read().data == b"%d" % (WRITERS * increments)


def test_the_probe_finds_it_honest_and_leaves_nothing(place):
    key = probe_key()
    check_honesty(place(key))
    assert place(key).read() is None


def test_removing_what_is_not_there_is_no_error(place):
    try:
        place("a").remove()
    except FbsyncError as error:
        pytest.fail(error.message)
