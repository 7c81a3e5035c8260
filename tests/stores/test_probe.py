"""The probe detects a store that ignores conditions."""

import pytest
from store_doubles import DISHONEST, MemoryStore, Troubled

from fbsync.model.errors import FbsyncError
from fbsync.stores.probe import check_honesty
from fbsync.stores.protocol import Denied


@pytest.mark.parametrize("dishonest", DISHONEST)
def test_a_dishonest_store_is_refused(dishonest):
    store = dishonest()
    with pytest.raises(FbsyncError) as caught:
        check_honesty(store)
    assert caught.value.exit_code == 4
    assert "cannot keep a state safely" in caught.value.message
    assert store._held is None


def test_an_honest_one_is_not():
    check_honesty(MemoryStore())


def test_a_store_that_lets_nobody_write_says_so():
    store = Troubled(MemoryStore(), [Denied("memory", "read only", hint="ask")])
    with pytest.raises(Denied, match="read only"):
        check_honesty(store)
