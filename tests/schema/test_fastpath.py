"""The quick tests and jsonschema agree on every value."""

import json
import math
from functools import cache

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from fbsync.schema.fastpath import UnknownKeywordError, fit_of, fits
from fbsync.schema.validate import Kind, schema_of, validate

DRAFT = "https://json-schema.org/draft/2020-12/schema"

SCALARS = st.one_of(
    st.sampled_from(
        [None, True, False, 0, 1, 2, 1.0, 1.5, -1, 0.0, -0.0, 4096.0, 2**70, math.nan, math.inf, -math.inf]
    ),
    st.sampled_from(
        ["", "1", "1.0", "true", "a", "a b", "a\n", "\n", "a\nb", "\x1c", "a\x1f", "\x85", "\xa0", "\u2028"]
    ),
    st.sampled_from(["\ufeff", "\ud800", "$A", "$A\n", "${A}", "$<A>", "$1", "$$A", "https://x", "name", "scrypt"]),
    st.integers(),
    st.floats(),
    st.text(max_size=5),
)
ANYTHING = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=5,
)
TYPED = {
    "string": st.text(max_size=5),
    "integer": st.integers(),
    "number": st.floats(),
    "boolean": st.booleans(),
    "null": st.none(),
    "array": st.lists(SCALARS, max_size=2),
    "object": st.dictionaries(st.text(max_size=3), SCALARS, max_size=2),
}


def nearly(part, root):
    """Values that fit a part of a schema, or nearly do."""
    while "$ref" in part:
        target = root
        for step in part["$ref"].removeprefix("#/").split("/"):
            target = target[step]
        part = target
    return st.one_of(*_near(part, root), SCALARS, ANYTHING)


def _near(part, root):
    if "const" in part:
        yield st.just(part["const"])
    if "enum" in part:
        yield st.sampled_from(part["enum"])
    if "pattern" in part:
        yield st.from_regex(part["pattern"].removesuffix("(?!\\n)"))
    if "properties" in part:
        keys = {key: nearly(inner, root) for key, inner in part["properties"].items()}
        required = {key: keys.pop(key) for key in part.get("required", ())}
        known = st.fixed_dictionaries(required, optional=keys)
        yield known
        yield st.builds(_without_a_key, known, st.sampled_from([*part["properties"], "other"]), ANYTHING)
    if isinstance(part.get("additionalProperties"), dict):
        yield st.dictionaries(st.text(max_size=3), nearly(part["additionalProperties"], root), max_size=2)
    if "items" in part:
        yield st.lists(nearly(part["items"], root), max_size=3)
    types = part.get("type", ())
    yield from (TYPED[name] for name in ([types] if isinstance(types, str) else types))


def _without_a_key(value, key, other):
    """A mapping with a key missing or added."""
    return {name: item for name, item in value.items() if name != key} if key in value else {**value, key: other}


def _part(kind, name):
    return schema_of(kind) if name is None else schema_of(kind)["$defs"][name]


@cache
def _values(kind, name=None):
    return nearly(_part(kind, name), schema_of(kind))


@cache
def _fit(kind, name=None):
    return fit_of(_part(kind, name), schema_of(kind))


@cache
def _validator(kind, name=None):
    return Draft202012Validator(_part(kind, name) | {"$defs": schema_of(kind)["$defs"]})


@pytest.mark.parametrize("kind", Kind)
@given(data=st.data())
def test_it_agrees_with_jsonschema(kind, data):
    value = data.draw(_values(kind))
    assert fits(value, _fit(kind)) == _validator(kind).is_valid(value)


@pytest.mark.parametrize(("kind", "name"), [(kind, name) for kind in Kind for name in schema_of(kind).get("$defs", ())])
@given(data=st.data())
def test_it_agrees_on_every_part_of_the_schemas(kind, name, data):
    """Random values hardly ever reach the deep parts from the root, so each part is tried alone."""
    value = data.draw(_values(kind, name))
    assert fits(value, _fit(kind, name)) == _validator(kind, name).is_valid(value)


PARTS = [
    {"const": 1},
    {"const": True},
    {"enum": [0, 1, "1", None, False]},
    {"type": "integer", "minimum": 0, "maximum": 2},
    {"type": "number"},
    {"type": ["integer", "string"], "minLength": 1},
    {"type": ["integer", "number"]},
    {"minimum": 1},
    {"pattern": "^[^\\s]+$(?!\\n)"},
    {"pattern": "^[A-Z]+$"},
    {"type": "array", "items": {"type": "integer"}, "minItems": 1, "maxItems": 2},
    {"items": {"const": 0}},
    {"required": ["a"]},
    {"properties": {"a": {"const": 1}}, "additionalProperties": {"type": "string"}},
    {"additionalProperties": {"type": "string"}},
    {"additionalProperties": False},
    {"propertyNames": {"pattern": "^a"}, "additionalProperties": True},
    {"type": "object", "required": ["a"], "properties": {"a": {}}, "propertyNames": {"minLength": 1}},
    {"$ref": "#/$defs/part", "minLength": 2},
    {"$ref": "#/$defs/part", "type": "null"},
]


@pytest.mark.parametrize("part", PARTS, ids=json.dumps)
@given(data=st.data())
def test_it_agrees_on_each_keyword(part, data):
    root = {"$schema": DRAFT, **part, "$defs": {"part": {"type": ["string", "null"]}}}
    value = data.draw(nearly(part, root))
    assert fits(value, fit_of(root, root)) == Draft202012Validator(root).is_valid(value)


@pytest.mark.parametrize("kind", Kind)
def test_there_is_a_test_for_every_keyword_of_the_schemas(kind):
    assert fit_of(schema_of(kind), schema_of(kind))


@pytest.mark.parametrize(
    "part", [{"oneOf": []}, {"not": {}}, {"patternProperties": {}}, {"format": "uri"}, {"const": []}]
)
def test_what_is_not_known_is_left_to_jsonschema(part):
    with pytest.raises(UnknownKeywordError):
        fit_of(part, part)


class Text(str):
    __slots__ = ()


def test_other_than_builtin_types_are_left_to_jsonschema():
    part = {"type": "string"}
    assert not fits(Text("a"), fit_of(part, part))
    entry = {"name": Text("a"), "aiType": "OTHER", "endpoint": "https://x.example.com", "secret": "$A"}
    assert validate(Kind.MANIFEST, {"version": 1, "workspaceId": "w", "llms": [entry]}) == ()
