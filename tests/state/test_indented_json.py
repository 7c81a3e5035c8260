"""The lockfile's text is the same as the standard library would write."""

import json

import pytest

from fbsync.state.indented_json import indented

VALUES = {
    "nested": {"a": {"b": [1, 2.5, {"c": None}], "d": True}, "e": []},
    "empty": {"list": [], "mapping": {}, "text": ""},
    "text": 'quotes " and \\ and \n and ü and \u2028 and \x7f and 😀',
    "list": [[], [[]], ["a", {}], [{"a": "b"}, "c"]],
}


@pytest.mark.parametrize("value", [*VALUES.values(), VALUES, None, 0], ids=repr)
def test_it_is_what_the_standard_library_writes(value):
    assert indented(value) == json.dumps(value, indent=2, ensure_ascii=False)
