"""Which entry owns each id during an apply."""

from records import desired, locked

from fbsync.execution.ids import IdsInUse
from fbsync.model.changes import Create, Delete, Unchanged

CHANGES = (
    Unchanged(desired=desired("Stays"), locked=locked("Stays", llm_id="1")),
    Delete(locked=locked("Goes", llm_id="2")),
    Create(desired=desired("New")),
)


def test_the_plans_entries_keep_their_ids_and_deleted_ones_do_not():
    ids = IdsInUse(CHANGES, ())
    assert ids.has("1")
    assert not ids.has("2")


def test_others_and_temporary_configurations_have_theirs():
    ids = IdsInUse(CHANGES, {"7"})
    ids.temporary.add("8")
    assert ids.has("7")
    assert ids.has("8")


def test_a_new_id_is_the_creations_from_then_on():
    ids = IdsInUse(CHANGES, ())
    assert ids.claim("3", 2) is None
    assert ids.has("3")
    assert ids.claim("3", 2) is None


def test_an_id_of_another_entry_is_refused():
    ids = IdsInUse(CHANGES, ())
    error = ids.claim("1", 2)
    assert error is not None
    assert "another configuration already has it" in error.message


def test_an_id_of_a_temporary_configuration_is_refused():
    ids = IdsInUse(CHANGES, ())
    ids.temporary.add("8")
    assert ids.claim("8", 2) is not None
