"""Our records against the standard library's: the same to whoever uses them."""

import dataclasses
import operator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fbsync.dataclass import dataclass as ours

HOW = {"frozen": True, "slots": True, "kw_only": True, "order": True}


def point(dataclass):
    @dataclass(**HOW)
    class Point:
        """A record with a default, a field that is not shown, and one that is not compared."""

        x: int
        y: int = 7
        hidden: str = dataclasses.field(default="", repr=False)
        noted: str = dataclasses.field(default="", compare=False)

        def total(self):
            return self.x + self.y

    return Point


def empty(dataclass):
    @dataclass(**HOW)
    class Empty:
        """A record of nothing."""

    return Empty


NUMBERS, WORDS = st.integers(-2, 2), st.sampled_from(["", "a", "b"])
VALUES = st.fixed_dictionaries({"x": NUMBERS}, optional={"y": NUMBERS, "hidden": WORDS, "noted": WORDS})


@given(VALUES, VALUES)
def test_they_compare_as_the_standard_librarys(first, second):
    our, std = point(ours), point(dataclasses.dataclass)
    for compare in (operator.eq, operator.ne, operator.lt, operator.le, operator.gt, operator.ge):
        assert compare(our(**first), our(**second)) == compare(std(**first), std(**second)), compare
    assert hash(our(**first)) == hash(std(**first))
    assert repr(our(**first)) == repr(std(**first))
    assert our(**first).total() == std(**first).total()
    assert dataclasses.asdict(our(**first)) == dataclasses.asdict(std(**first))
    assert our(**first) == dataclasses.replace(our(**second), **{"y": 7, "hidden": "", **first})


def test_a_record_of_nothing_is_one_too():
    our, std = empty(ours), empty(dataclasses.dataclass)
    assert our() == our()
    assert hash(our()) == hash(std())
    assert repr(our()) == repr(std())
    assert not our() < our()


def test_records_of_two_classes_are_never_equal_and_have_no_order():
    one, other = point(ours)(x=1), point(ours)(x=1)
    assert one != other
    with pytest.raises(TypeError, match="not supported between instances"):
        assert one < other


@pytest.mark.parametrize("dataclass", [ours, dataclasses.dataclass], ids=["ours", "standard"])
class TestRefusals:
    def test_nothing_changes_in_them(self, dataclass):
        made = point(dataclass)(x=1)
        with pytest.raises(dataclasses.FrozenInstanceError, match="cannot assign to field 'x'"):
            made.x = 2
        with pytest.raises(dataclasses.FrozenInstanceError, match="cannot delete field 'x'"):
            del made.x
        with pytest.raises((dataclasses.FrozenInstanceError, TypeError)):
            made.unknown = 2
        assert not hasattr(made, "__dict__")

    @pytest.mark.parametrize(
        ("given_values", "complaint"),
        [
            ({}, r"Point.__init__\(\) missing 1 required keyword-only argument: 'x'"),
            ({"x": 1, "z": 2}, r"Point.__init__\(\) got an unexpected keyword argument 'z'"),
        ],
    )
    def test_they_take_their_fields_and_no_others(self, dataclass, given_values, complaint):
        with pytest.raises(TypeError, match=complaint):
            point(dataclass)(**given_values)

    def test_they_take_them_by_name_only(self, dataclass):
        with pytest.raises(TypeError, match="takes 1 positional argument"):
            point(dataclass)(1)


def test_methods_that_a_class_has_stay():
    @ours(frozen=True, slots=True, kw_only=True)
    class Quiet:
        value: str

        def __repr__(self):
            return "quiet"

        def __eq__(self, other):
            return isinstance(other, Quiet)

        def __hash__(self):
            return 1

    assert repr(Quiet(value="a")) == "quiet"
    assert Quiet(value="a") == Quiet(value="b")


@pytest.mark.parametrize("how", [{"frozen": False}, {"slots": False}, {"kw_only": False}])
def test_other_kinds_are_left_to_the_standard_library(how):
    with pytest.raises(TypeError, match=r"take dataclasses\.dataclass"):
        ours(**{**HOW, **how})


@pytest.mark.parametrize("field", [dataclasses.field(default_factory=list), dataclasses.field(init=False, default=1)])
def test_other_fields_are_left_to_the_standard_library(field):
    with pytest.raises(TypeError, match=r"Odd\.odd: take dataclasses\.dataclass"):

        @ours(**HOW)
        class Odd:
            odd: list = field
