"""The lease: one run at a time writes, by its own clock only."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from store_doubles import MemoryStore, Troubled

from fbsync.model.errors import FbsyncError
from fbsync.stores.document import LeaseClaim, first_state, new_nonce
from fbsync.stores.holder import Holder
from fbsync.stores.lease import await_free, new_claim, patience, take
from fbsync.stores.protocol import Conflict, UnknownOutcome
from fbsync.stores.swap import StateObject

ME = Holder(host="a-host", process=1)
OTHER = Holder(run="https://ci.example.com/runs/7", host="another", process=2)
LENGTH = 180


class Machine:
    """A machine with its own clock, which the test sets and advances."""

    def __init__(self, store, start, holder=ME, script=()):
        self.now = start
        self.holder = holder
        self.waited_for = []
        self.object = StateObject(Troubled(store, script), sleep=self.sleep)

    def clock(self):
        return self.now

    def sleep(self, seconds):
        self.now += seconds

    def free(self, timeout=0.0):
        return await_free(
            self.object, timeout=timeout, on_wait=self.waited_for.append, clock=self.clock, sleep=self.sleep
        )

    def take(self, version):
        return take(self.object, version, holder=self.holder, claim=new_claim(LENGTH), clock=self.clock)


@pytest.fixture
def store():
    store = MemoryStore()
    StateObject(store).swap(first_state(ME, lockfile="first"), None)
    return store


def test_what_nobody_holds_is_free_at_once(store):
    machine = Machine(store, 1000)
    lease = machine.take(machine.free())
    lease.write(lockfile="second", journal=["line"])
    lease.release(lockfile="third", journal=[])
    state = machine.object.read().state
    assert (state.claim, state.lockfile, state.journal, state.serial) == (None, "third", (), 4)


def test_a_store_without_an_object_has_nothing_to_take():
    assert Machine(MemoryStore(), 0).free() is None


def test_somebody_elses_lease_is_refused_with_their_name(store):
    Machine(store, 5, OTHER).take(Machine(store, 5, OTHER).free())
    with pytest.raises(FbsyncError) as caught:
        Machine(store, 1000).free()
    assert caught.value.exit_code == 7
    assert "https://ci.example.com/runs/7 (process 2 on another)" in caught.value.message
    assert "--lock-timeout 204" in caught.value.hint


def test_a_lease_that_is_given_back_is_free(store):
    other = Machine(store, 5, OTHER)
    lease = other.take(other.free())
    me = Machine(store, 1000)
    sleep = me.object._sleep

    def released_meanwhile(seconds):
        sleep(seconds)
        if me.now > 1010 and lease.state.claim is not None:
            lease.release(lockfile="theirs", journal=[])

    version = await_free(me.object, timeout=60, on_wait=me.waited_for.append, clock=me.clock, sleep=released_meanwhile)
    assert version.state.lockfile == "theirs"
    assert me.waited_for == [OTHER]


def test_a_dead_holders_lease_is_taken_over_after_its_length_and_a_margin(store):
    other = Machine(store, 5, OTHER)
    other.take(other.free()).write(lockfile="first", journal=["open intent"])
    me = Machine(store, 1000)
    version = me.free(timeout=1000)
    assert version.state.journal == ("open intent",)
    assert me.now - 1000 > LENGTH
    assert me.now - 1000 < patience(version.state.claim) + 5
    me.take(version).write(lockfile="mine", journal=[])


def test_a_holder_that_renews_is_never_taken_over(store):
    other = Machine(store, 5, OTHER)
    lease = other.take(other.free())
    me = Machine(store, 1000)

    def renewed_meanwhile(seconds):
        me.sleep(seconds)
        other.sleep(seconds)
        if not lease.outlasts(LENGTH / 2):
            lease.renew()

    with pytest.raises(FbsyncError) as caught:
        await_free(me.object, timeout=2000, on_wait=me.waited_for.append, clock=me.clock, sleep=renewed_meanwhile)
    assert caught.value.exit_code == 7
    assert me.waited_for == [OTHER]


def test_a_zombie_learns_that_it_lost_the_lease_and_stays_without(store):
    zombie = Machine(store, 5)
    lease = zombie.take(zombie.free())
    zombie.now += 10_000
    other = Machine(store, 1, OTHER)
    other.take(other.free(timeout=1000))
    assert not lease.outlasts(0)
    writes = store.writes
    for attempt in (
        lease.renew,
        lambda: lease.write(lockfile="old", journal=[]),
        lambda: lease.release(lockfile="old", journal=[]),
    ):
        with pytest.raises(FbsyncError) as caught:
            attempt()
        assert caught.value.exit_code == 7
    assert store.writes == writes
    assert lease.lost is not None
    assert other.object.read().state.lockfile == "first"


def test_a_lease_is_counted_from_the_start_of_the_last_write_that_came_through(store):
    machine = Machine(store, 100)
    lease = machine.take(machine.free())
    assert lease.outlasts(LENGTH - 1)
    assert not lease.outlasts(LENGTH)
    machine.now += 50
    assert not lease.outlasts(LENGTH - 50)
    machine.object._store.script = ["down", "well", "down", "well"]
    lease.renew()
    waited = machine.now - 150
    assert waited > 0
    assert lease.outlasts(LENGTH - waited - 1)
    assert not lease.outlasts(LENGTH - waited)


def test_a_write_of_unknown_outcome_renews_nothing(store):
    machine = Machine(store, 100)
    lease = machine.take(machine.free())
    machine.now += 50
    machine.object._store.script = ["dropped", *["down"] * 20]
    with pytest.raises(UnknownOutcome):
        lease.renew()
    assert not lease.outlasts(LENGTH - 50)
    assert lease.lost is None
    machine.object._store.script = []
    lease.release(lockfile="after all", journal=[])


def test_a_write_whose_answer_was_lost_for_good_does_not_cost_the_lease(store):
    machine = Machine(store, 100)
    lease = machine.take(machine.free())
    machine.object._store.script = ["lost", *["down"] * 20]
    with pytest.raises(UnknownOutcome):
        lease.write(lockfile="arrived", journal=["a"])
    machine.object._store.script = []
    lease.write(lockfile="arrived", journal=["a", "b"])
    lease.release(lockfile="closed", journal=[])
    assert machine.object.read().state.lockfile == "closed"


def test_of_two_that_start_at_once_one_gets_it(store):
    machines = Machine(store, 0), Machine(store, 777, OTHER)
    versions = [machine.free() for machine in machines]
    machines[1].take(versions[1])
    with pytest.raises(Conflict):
        machines[0].take(versions[0])


steps = st.lists(
    st.tuples(
        st.integers(0, 1),
        st.sampled_from(["read", "take", "write", "release", "crash", "sleep"]),
        st.sampled_from(["well", "lost", "dropped", "down"]),
        st.sampled_from([1, 30, 100, 170, 250]),
    ),
    max_size=40,
)


class Run:
    """A run that takes the lease when it may, adds records, and may be slow, lose answers, or be killed."""

    def __init__(self, machine, acknowledged):
        self.machine = machine
        self.acknowledged = acknowledged
        self.lease = None
        self.seen = None

    def holds(self):
        return self.lease is not None and self.lease.outlasts(0)

    def read(self, _record):
        latest = self.machine.object.read()
        if self.seen is None or self.seen[0].tag != latest.tag:
            self.seen = (latest, self.machine.now)

    def take(self, _record):
        if self.lease is not None:
            return
        self.read(_record)
        version, since = self.seen
        claim = version.state.claim
        if claim is None or self.machine.now - since > patience(claim):
            self.lease = self.machine.take(version)

    def write(self, record):
        if self.lease is not None:
            self.lease.write(lockfile=None, journal=[*self.lease.state.journal, record])
            self.acknowledged.append(record)

    def release(self, record):
        if self.lease is not None:
            lease, self.lease = self.lease, None
            lease.release(lockfile=None, journal=[*lease.state.journal, record])
            self.acknowledged.append(record)

    def crash(self, _record=None):
        self.lease = self.seen = None


@given(steps)
def test_whatever_two_runs_do_no_acknowledged_record_is_lost(script):
    store = MemoryStore()
    StateObject(store).swap(first_state(ME), None)
    acknowledged = []
    runs = [Run(Machine(store, 0.0, ME), acknowledged), Run(Machine(store, 5000.0, OTHER), acknowledged)]
    for number, (who, step, trouble, seconds) in enumerate(script):
        run = runs[who]
        run.machine.object._store.script = (
            ["well", trouble] if step == "take" else ["well"] if step == "read" else [trouble]
        )
        for each in runs:
            each.machine.now += seconds if step == "sleep" else 0.01
        if step == "sleep":
            continue
        try:
            getattr(run, step)(str(number))
        except FbsyncError:
            run.crash()
        assert sum(each.holds() for each in runs) <= 1
    kept = [line for line in StateObject(store).read().state.journal if line in acknowledged]
    assert kept == acknowledged


def test_a_claim_says_how_long_to_wait():
    assert patience(LeaseClaim(id=new_nonce(), seconds=180)) == pytest.approx(203)
