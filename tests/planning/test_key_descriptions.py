"""Stored keys by description: what the lockfile keeps, and what the server lists."""

from dataclasses import replace

import pytest
from records import desired, locked, text

from fbsync.model.api_keys import description_of
from fbsync.model.configurations import Text
from fbsync.model.errors import InvalidInput
from fbsync.model.findings import Position
from fbsync.model.server import ApiKey
from fbsync.planning.stored_keys import (
    unresolved_keys,
    with_listed_keys,
    with_remembered_keys,
    workspaces_with_descriptions,
)

PLACE = Position(file="fbsync.yaml", line=6, column=13)
UUID = "8f14e45f-ceea-467f-a83c-0d8d3c2f3a51"


def described(description="Chat", name="A", workspace="ws"):
    api_key = Text(template=description, value=None, position=PLACE)
    return replace(desired(name, workspace=workspace), secret=None, api_key=api_key)


def recorded(api_key, template="Chat", **more):
    return replace(locked(**more), secret=None, api_key=api_key, api_key_template=template)


def keys(*described):
    return tuple(ApiKey(id=key_id, description=description) for key_id, description in described)


def ids(llms):
    return [llm.api_key and llm.api_key.value for llm in llms]


def finding(llm, *listed, known=()):
    with pytest.raises(InvalidInput) as caught:
        with_listed_keys([llm], known, {"ws": keys(*listed)})
    (found,) = caught.value.findings
    assert (found.position, found.entry) == (PLACE, llm.name)
    return found


def test_a_uuid_and_a_reference_are_no_descriptions():
    for template in (UUID, "$STORED", "${STORED}"):
        assert description_of(replace(desired(), api_key=text(template))) is None
    assert description_of(desired()) is None
    assert description_of(described("Chat, EU")) == "Chat, EU"


class TestRemembered:
    def test_the_lockfile_knows_the_id(self):
        assert ids(with_remembered_keys([described()], [recorded("k-1")])) == ["k-1"]

    def test_of_another_workspace_or_description_it_does_not(self):
        known = [recorded("k-1", workspace="other"), recorded("k-2", template="Search"), recorded("k-3", template=None)]
        assert ids(with_remembered_keys([described()], known)) == [None]

    def test_a_description_with_several_ids_is_not_trusted(self):
        known = [recorded("k-1"), recorded("k-2", name="B")]
        assert unresolved_keys(with_remembered_keys([described()], known)) == ("Chat",)

    def test_what_is_given_otherwise_stays(self):
        others = [desired(), replace(desired("B"), secret=None, api_key=text("$STORED", UUID))]
        assert with_remembered_keys(others, [recorded("k-1")]) == tuple(others)


class TestListed:
    def test_the_server_says_the_id_in_each_workspace(self):
        wanted = [described(), described(name="B", workspace="other"), desired("C")]
        listed = {"ws": keys(("k-1", "Chat"), ("k-2", None)), "other": keys(("k-9", "Chat"))}
        assert workspaces_with_descriptions(wanted) == ("other", "ws")
        assert ids(with_listed_keys(wanted, [], listed)) == ["k-1", "k-9", None]

    def test_the_server_is_right_where_the_lockfile_remembers_another_one(self):
        known = [recorded("k-old")]
        wanted = with_remembered_keys([described()], known)
        assert ids(with_listed_keys(wanted, known, {"ws": keys(("k-new", "Chat"))})) == ["k-new"]

    def test_a_description_of_two_keys_is_a_finding_with_both_ids(self):
        found = finding(described(), ("k-2", "Chat"), ("k-1", "Chat"), ("k-3", "Search"))
        assert found.rule == "ambiguous-stored-key"
        assert found.message == "2 stored keys have this description: ids k-1, k-2"

    def test_a_description_that_there_is_not_names_those_that_there_are(self):
        found = finding(described("Chta"), ("k-1", "Chat"), ("k-2", "Search, EU"), ("k-3", None))
        assert found.rule == "unknown-stored-key"
        assert found.message == ('the workspace ws has no stored key "Chta": it has "Chat", "Search, EU", k-3')
        assert found.remedy == 'write "Chat"'

    def test_a_description_that_may_be_a_credential_is_not_repeated(self):
        found = finding(described(), ("k-1", "sk-proj-4242xX4242yY4242"), ("k-2", "x" * 500), ("k-3", "a\x1b[31mb"))
        assert found.message.endswith("it has k-1, k-2, k-3")

    def test_many_are_cut(self):
        found = finding(described("Zebra"), *((f"k-{at:02}", f"Key {chr(65 + at)}") for at in range(26)))
        assert found.message.endswith('"Key J" and 16 more')

    def test_none_at_all(self):
        assert finding(described()).message.endswith("it has no stored keys")

    def test_a_key_that_is_described_otherwise_now_is_what_was_meant(self):
        found = finding(described(), ("k-1", "Chat, EU"), ("k-2", "Chats"), known=[recorded("k-1")])
        assert found.remedy == 'write "Chat, EU": the stored key that it named has this description now'
