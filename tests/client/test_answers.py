"""The meaning of each answer, by the design's rules. No answer raises anything but a ServerError."""

import json
import random
from contextlib import suppress
from datetime import UTC, datetime

import httpx
import pytest
from canaries import FORMS, repeated
from hypothesis import given
from hypothesis import strategies as st

from fbsync.client.answers import Answer, failure_of, server_words
from fbsync.client.http_dates import moment, seconds_to_wait
from fbsync.client.lists import api_keys_of, listed_workspaces, live_of, stats_of
from fbsync.client.transport import Response
from fbsync.foreign_text.redactor import Redactor
from fbsync.model.configurations import WITHHELD_VALUE
from fbsync.model.secret import Secret
from fbsync.model.server_error import Failure, ServerError

PAGE = b"<html>not here</html>"
WRITES = (("POST", "/ai/llm"), ("PUT", "/ai/llm/1"), ("DELETE", "/ai/llm/1"), ("POST", "/ai/llm/1/validate"))


def answer(body, status=200, method="GET", path="/ai/llm", **headers):
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return Answer.of(method, path, Response(status=status, headers=httpx.Headers(named), body=data))


def failure(body, status, method, path="/ai/llm/1"):
    found = failure_of(answer(body, status, method, path), Redactor())
    return None if found is None else found.failure


@pytest.mark.parametrize("status", [200, 201, 202, 204, 207, 299])
@pytest.mark.parametrize("method", ["PUT", "DELETE"])
@pytest.mark.parametrize("body", [b"", b" \r\n", {}, {"success": True}, {"success": True, "error": None}], ids=repr)
def test_any_2xx_of_the_api_or_an_empty_one_is_success(method, body, status):
    assert failure(body, status, method) is None


@pytest.mark.parametrize("status", [200, 201, 202])
def test_a_creation_needs_the_envelope(status):
    assert failure({"success": True, "aiLlmId": 7}, status, "POST") is None
    assert failure(b"", status, "POST") is Failure.UNKNOWN


NO_SUCCESS = [
    ({"success": False}, Failure.REJECTED),
    ({"success": False, "error": "x"}, Failure.REJECTED),
    ({"error": "upstream timed out"}, Failure.UNKNOWN),
    ({"error_code": "E1"}, Failure.UNKNOWN),
    ({"success": True, "error_message": "x"}, Failure.UNKNOWN),
    ({"success": "false"}, Failure.UNKNOWN),
    ({"success": 1}, Failure.UNKNOWN),
    ({"success": None}, Failure.UNKNOWN),
    ([], Failure.UNKNOWN),
    (PAGE, Failure.UNKNOWN),
    (b'{"success": tru', Failure.UNKNOWN),
]


@pytest.mark.parametrize(("body", "expected"), NO_SUCCESS, ids=str)
@pytest.mark.parametrize(("method", "path"), WRITES)
def test_a_2xx_that_is_no_success(method, path, body, expected):
    found = failure_of(answer(body, 200, method, path), Redactor())
    assert found.failure is expected
    assert found.is_transient is (expected is Failure.REJECTED)


@pytest.mark.parametrize("status", [500, 501, 502, 503, 504, 520, 599])
@pytest.mark.parametrize("body", [{"success": False, "message": "busy"}, PAGE, b""], ids=repr)
@pytest.mark.parametrize(("method", "path"), WRITES)
def test_any_5xx_after_a_write_is_unknown(method, path, body, status):
    found = failure_of(answer(body, status, method, path), Redactor())
    assert (found.failure, found.is_transient) == (Failure.UNKNOWN, True)


@pytest.mark.parametrize("status", [302, 303, 400, 403, 404, 405, 408, 409, 413])
@pytest.mark.parametrize(("method", "path"), WRITES)
def test_a_page_of_a_proxy_is_unknown(method, path, status):
    assert failure(PAGE, status, method, path) is Failure.UNKNOWN
    assert failure(b"", status, method, path) is Failure.UNKNOWN


@pytest.mark.parametrize(
    ("status", "expected"),
    [(401, Failure.NOT_SIGNED_IN), (429, Failure.THROTTLED), (407, Failure.REJECTED), (308, Failure.REJECTED)],
)
@pytest.mark.parametrize(("method", "path"), WRITES)
def test_who_turns_a_request_away_before_it_is_carried_out_does_not_matter(method, path, status, expected):
    assert failure(PAGE, status, method, path) is expected


def test_not_found_means_deleted_in_the_envelope_alone():
    assert failure({"success": False, "message": "AI LLM not found"}, 404, "DELETE") is None
    for body in (PAGE, b"", {}, {"message": "no route"}, {"detail": "Not Found"}, {"success": True}, [None]):
        assert failure(body, 404, "DELETE") is Failure.UNKNOWN
    assert failure({"success": False}, 404, "PUT") is Failure.NOT_FOUND


def test_a_list_of_another_shape_is_an_error_that_shows_the_shape_and_no_value():
    bodies = ([{"id": "canary"}], PAGE, b"", b'"canary"', {"error": "x"})
    for body in bodies:
        found = failure_of(answer(body), Redactor())
        assert found.failure in (Failure.MALFORMED, Failure.REJECTED)
        assert "canary" not in found.message
    assert "list of 1 objects" in failure_of(answer(bodies[0]), Redactor()).message
    with pytest.raises(ServerError, match=r"\{success: boolean, llms: list of 2 strings, \(a key\): null\}") as caught:
        list(live_of(answer({"success": True, "llms": ["canary", "b"], "sk-canary0123456789": None}), "ws", Redactor()))
    assert not caught.value.is_transient


@pytest.mark.parametrize(
    "words", ["MFA verification required", "two-factor code missing", "Please use 2FA", "multi factor needed"]
)
@pytest.mark.parametrize("status", [401, 403])
def test_mfa_gets_a_message_of_its_own(status, words):
    found = failure_of(answer({"success": False, "message": words}, status), Redactor())
    assert found.failure is Failure.NOT_SIGNED_IN
    assert "second factor" in found.hint


@pytest.mark.parametrize("field", ["message", "error", "error_code", "error_message"])
def test_the_words_may_stand_in_any_documented_field(field):
    found = failure_of(answer({"success": False, field: "the reason"}, 400, "PUT"), Redactor())
    assert "the reason" in found.message


def test_the_server_s_words_are_checked_against_all_that_the_run_knows():
    redactor = Redactor([Secret("canary-of-another-entry", reference="B")])
    for field in ("message", "error"):
        found = failure_of(answer({"success": False, field: "bad canary-of-another-entry"}, 400, "PUT"), redactor)
        assert "canary" not in str(found)


ROW = {"id": "1", "name": "A", "workspaceId": "ws", "aiType": "OPENAI", "endpoint": "https://a.example.com"}


def listed(*rows, workspace="ws", beside=None, redactor=None, **headers):
    body = {"success": True, "aiLlms": list(rows), **(beside or {})}
    return list(live_of(answer(body, **headers), workspace, redactor or Redactor()))


def test_rows_are_read():
    created = "2026-01-02T03:04:05.678Z"
    more = {"createdAt": created, "userId": 7, "key": "AK**", "apiKeyId": "k", "repos": [{"name": "r"}, {"id": 1}, 5]}
    (llm,) = listed({**ROW, **more, "id": 12})
    assert (llm.id, llm.user_id, llm.api_key_id, llm.repos) == ("12", "7", "k", ("r",))
    assert llm.created_at == datetime(2026, 1, 2, 3, 4, 5, 678000, UTC)
    assert (llm.key_mask, llm.key_listed) == ("AK**", True)
    assert [(one.key_mask, one.key_listed) for one in listed(ROW, {**ROW, "key": None})] == [
        (None, False),
        (None, True),
    ]


def test_a_key_that_is_listed_in_full_is_masked_here():
    (llm,) = listed({**ROW, "key": "AKIAIOSFODNN7EXAMPLE"})
    assert llm.key_mask == "****MPLE"


CREDENTIAL = "canary/of-a-list 0d93be"
KNOWN = [Secret(CREDENTIAL, reference="A"), Secret("Zk~9", reference="B"), Secret("e3c9", reference="C")]


def knowing(*public):
    return Redactor(KNOWN, public=public)


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("value", [CREDENTIAL, "Zk~9"])
def test_a_listed_value_that_repeats_a_credential_is_withheld(value, form):
    if not any(FORMS[form](value)):
        pytest.skip("too short to be told from chance in this form")
    said = repeated(value, form)
    fields = ("name", "aiType", "endpoint", "apiKeyId")
    for field in fields:
        (llm,) = listed({**ROW, field: f"x-{said}"}, redactor=knowing())
        shown = dict(zip(fields, (llm.name, llm.ai_type, llm.endpoint, llm.api_key_id), strict=True))
        assert shown == {"apiKeyId": None, **{name: ROW.get(name) for name in fields}, field: WITHHELD_VALUE}
        assert [str(name) for name in llm.withheld] == [field.replace("apiKeyId", "apiKey")]
    (llm,) = listed({**ROW, "repos": [{"name": said}, {"name": "repo"}], "key": said + "…"}, redactor=knowing())
    assert (llm.repos, llm.key_mask) == ((WITHHELD_VALUE, "repo"), "****")
    assert not llm.withheld


@pytest.mark.parametrize("field", ["id", "workspaceId"])
def test_an_id_that_repeats_a_credential_makes_a_list_useless(field):
    with pytest.raises(ServerError, match="an id in it repeats a credential") as caught:
        listed({**ROW, field: CREDENTIAL}, workspace=None, redactor=knowing())
    assert "canary" not in str(caught.value) + repr(caught.value.__dict__)


def test_an_id_that_spells_a_short_credential_by_chance_is_an_id():
    (llm,) = listed({**ROW, "id": "0f2ae3c9-1111-4222-8333-444455556666"}, redactor=knowing())
    assert llm.id.startswith("0f2ae3c9")
    whole = Redactor([Secret(llm.id, reference="UUID")])
    with pytest.raises(ServerError):
        listed({**ROW, "id": llm.id}, redactor=whole)


def test_what_is_declared_or_known_may_be_listed_in_any_spelling():
    declared = ("My Zk~9 model", "https://zk~9.example.com/v1", "OPENAI")
    row = {**ROW, "name": "my  zk~9 model", "endpoint": "HTTPS://ZK~9.example.com:443/v1/"}
    assert [llm.withheld for llm in listed(row, redactor=knowing(*declared))] == [()]
    assert listed(row, redactor=knowing())[0].withheld


def test_a_credential_at_the_end_of_a_long_value_is_seen():
    for before in (10, 3060, 3080, 4090, 9000):
        (llm,) = listed({**ROW, "endpoint": "https://a.example.com/" + "w/" * before + CREDENTIAL}, redactor=knowing())
        assert llm.endpoint == WITHHELD_VALUE


def test_other_lists_withhold_the_same():
    rows = [{"id": "1", "provider": CREDENTIAL, "description": CREDENTIAL, "endpoint": CREDENTIAL}]
    (key,) = api_keys_of(answer({"apiKeys": rows}), knowing())
    assert {key.provider, key.description, key.endpoint} == {WITHHELD_VALUE}
    users = [{"userId": "me", "role": CREDENTIAL}]
    (one,) = listed_workspaces(
        answer({"workspaces": [{"id": "1", "name": CREDENTIAL, "users": users}]}), knowing(), {"id": "me"}
    )
    assert (one.name, one.role) == (WITHHELD_VALUE, WITHHELD_VALUE)
    (stats,) = stats_of(answer({"stats": [{"aiLlmId": "1", CREDENTIAL: 3, "totalAlerts": 1}]}), knowing())
    assert stats.counters == ((WITHHELD_VALUE, 3), ("totalAlerts", 1))
    for read, body in (
        (api_keys_of, {"apiKeys": [{"id": CREDENTIAL}]}),
        (listed_workspaces, {"workspaces": [{"id": CREDENTIAL, "name": "x"}]}),
        (stats_of, {"stats": [{"aiLlmId": CREDENTIAL}]}),
    ):
        with pytest.raises(ServerError, match="repeats a credential"):
            list(read(answer(body), knowing()))


def test_a_shape_that_repeats_a_credential_among_its_keys_is_withheld():
    redactor = Redactor([Secret("two words and three more", reference="A")])
    for body in ({"two words and three more": 1}, {"aiLlms": [{"two words and three more": 1}]}):
        with pytest.raises(ServerError, match="withheld") as caught:
            list(live_of(answer(body), "ws", redactor))
        assert "three" not in str(caught.value)
    assert "three" not in failure_of(answer([body]), redactor).message


@pytest.mark.parametrize("key", ["sk.with:other#characters-0d93be", "AKIAIOSFODNN7EXAMPLE", "umlauts-äöü-0d93be"])
def test_a_key_that_is_listed_in_full_is_masked_whatever_its_characters(key):
    (llm,) = listed({**ROW, "key": key})
    assert llm.key_mask == "****" + key[-4:]


def test_what_is_gone_or_elsewhere_is_left_out():
    assert listed({"deletedAt": "2026-01-01T00:00:00Z"}, {**ROW, "workspaceId": "other"}) == []
    assert [llm.id for llm in listed(ROW, {**ROW, "id": "2", "deletedAt": None})] == ["1", "2"]


@pytest.mark.parametrize(
    "change",
    [
        *({"id": value} for value in (None, "", ".", "..", True, 1.5, [], "a\nb", " a", "\ud800")),
        *({"name": value} for value in (None, "", 7, {})),
        *({"workspaceId": value} for value in ("", {}, False)),
        *({field: 7} for field in ("aiType", "endpoint", "key")),
        {"endpoint": "\ud800"},
    ],
    ids=repr,
)
def test_a_row_that_cannot_be_read_makes_the_list_useless(change):
    with pytest.raises(ServerError, match="is unreadable in part") as caught:
        listed(ROW, {**ROW, **change})
    assert (caught.value.failure, caught.value.is_transient) == (Failure.MALFORMED, False)


def test_a_row_without_a_workspace_belongs_to_the_one_asked_for():
    row = {key: value for key, value in ROW.items() if key != "workspaceId"}
    assert [llm.workspace_id for llm in listed(row)] == ["ws"]
    with pytest.raises(ServerError, match="is unreadable in part"):
        listed(row, workspace=None)


MORE = [
    *({name: True} for name in ("hasMore", "has_more", "HasNextPage", "isTruncated", "more")),
    *({name: "abc"} for name in ("nextPage", "next_cursor", "nextPageToken", "cursor", "next", "continuationToken")),
    *({name: 2} for name in ("total", "totalCount", "total_count", "count", "totalElements", "totalPages")),
    {"total": "2"},
    {"last": False},
    {"pagination": {"total": 9}},
    {"meta": {"page": {"hasNext": True}}},
    {"_links": {"next": {"href": "/x"}}},
]
WHOLE = [
    *({name: value} for name in ("hasMore", "nextPage", "next_cursor", "next") for value in (None, False, "", 0)),
    {"total": 1},
    {"count": "1"},
    {"totalPages": 1},
    {"last": True},
    {"page": 1, "limit": 100, "size": 20},
    {"pagination": {"next": None, "total": 1}},
    {"user": {"count": 7}},
]


@pytest.mark.parametrize("beside", MORE, ids=repr)
def test_a_sign_of_more_rows_makes_the_list_incomplete(beside):
    with pytest.raises(ServerError, match="is incomplete"):
        listed(ROW, beside=beside)


@pytest.mark.parametrize("beside", WHOLE, ids=repr)
def test_what_says_that_there_is_no_more_is_no_sign(beside):
    assert len(listed(ROW, beside=beside)) == 1


@pytest.mark.parametrize(
    ("header", "is_more"),
    [
        ({"Link": '</ai/llm?page=2>; rel="next"'}, True),
        ({"Link": "</a>; rel=prev, </b>; REL=next"}, True),
        ({"Link": '</a>; rel="prev last"'}, False),
        ({"Link": '</next>; rel="self"'}, False),
        ({"X_Total_Count": "2"}, True),
        ({"X_Total_Count": "1"}, False),
        ({"X_Next_Page": "2"}, True),
        ({"X_Next_Page": ""}, False),
        ({"Content_Range": "items 0-0/2"}, True),
        ({"Content_Range": "items 0-0/1"}, False),
    ],
    ids=repr,
)
def test_headers_may_say_so_too(header, is_more):
    if not is_more:
        assert len(listed(ROW, **header)) == 1
        return
    with pytest.raises(ServerError, match="is incomplete"):
        listed(ROW, **header)


def test_a_part_of_a_list_is_none():
    assert failure_of(answer({"success": True, "aiLlms": []}, 206), Redactor()).failure is Failure.MALFORMED


def test_stored_keys_and_counters_are_read_without_what_is_secret():
    rows = [{"id": 5, "key": "canary", "provider": "OPENAI", "aillm_count": "3"}, {"id": "b", "deletedAt": "x"}]
    (key,) = api_keys_of(answer({"apiKeys": rows}), Redactor())
    assert (key.id, key.provider, key.llm_count, "canary" in repr(key)) == ("5", "OPENAI", 3, False)
    (stats,) = stats_of(
        answer({"stats": [{"aiLlmId": "1", "totalApiCalls": "12", "totalAlerts": 0, "odd": "x"}]}), Redactor()
    )
    assert (stats.llm_id, dict(stats.counters)) == ("1", {"totalApiCalls": 12, "totalAlerts": 0})


NOW = datetime(2026, 1, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("3", 3.0),
        (" 10 ", 10.0),
        ("²", None),
        ("٣", None),
        ("-1", None),
        ("1e3", None),
        ("nan", None),
        ("9" * 400, 999999999.0),
        ("Thu, 01 Jan 2026 00:00:30 GMT", 30.0),
        ("Thu, 01 Jan 1970 00:00:00 GMT", 0.0),
        ("Thu, 01 Jan 99999999999999999999 00:00:00 GMT", None),
        ("Thu, 01 Jan 2026 00:00:00 +999999", None),
        ("", None),
        (None, None),
    ],
)
def test_retry_after(value, seconds):
    assert seconds_to_wait(value, now=NOW) == seconds


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters(), max_size=20),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.sampled_from(
                [
                    "success",
                    "message",
                    "error",
                    "aiLlms",
                    "id",
                    "name",
                    "workspaceId",
                    "key",
                    "total",
                    "next",
                    "deletedAt",
                ]
            )
            | st.text(max_size=8),
            inner,
            max_size=5,
        )
    ),
    max_leaves=12,
)
NESTED = [b"[" * 200_000, b'{"a":' * 100_000, b"1" * 100_000, b'{"success": NaN}', b"\xff\xfe\x00", b"\xef\xbb\xbf{}"]
BODIES = (
    st.binary(max_size=200)
    | st.sampled_from(NESTED)
    | JSON.map(lambda value: json.dumps(value).encode())
    | st.tuples(JSON, st.sampled_from(["utf-8", "utf-16", "utf-32", "latin-1", "utf-8-sig"])).map(
        lambda pair: json.dumps(pair[0]).encode(pair[1])
    )
)
HEADERS = st.dictionaries(
    st.sampled_from(["Retry-After", "Date", "Link", "Content-Type", "X-Total-Count", "Content-Range", "X-Next-Page"]),
    st.text(st.characters(max_codepoint=0x2FF, exclude_characters="\r\n\0"), max_size=40)
    | st.sampled_from(["²", "Thu, 01 Jan 99999999999999999999 00:00:00 GMT", "items 0-1/999999999999999999"]),
)
CALLS = st.sampled_from([("GET", "/ai/llm"), ("POST", "/user/login"), *WRITES])
READERS = (
    lambda one: live_of(one, "ws", Redactor()),
    lambda one: listed_workspaces(one, Redactor()),
    lambda one: listed_workspaces(one, Redactor(), {"id": "x"}),
    lambda one: api_keys_of(one, Redactor()),
    lambda one: stats_of(one, Redactor()),
)


@given(body=BODIES, headers=HEADERS, status=st.integers(100, 999), call=CALLS)
def test_no_answer_makes_anything_but_a_server_error(body, headers, status, call):
    response = Response(status=status, headers={**headers}, body=body)
    found = Answer.of(*call, response)
    redactor = Redactor([Secret("canary-secret", reference="A")])
    error = failure_of(found, redactor)
    assert error is None or (isinstance(error, ServerError) and str(error).isprintable())
    assert (found.served_at is None) or found.served_at.tzinfo is not None
    assert server_words(found, redactor, by_provider=True).isprintable()
    for read in READERS:
        with suppress(ServerError):
            list(read(found))


@given(value=st.text(max_size=60))
def test_any_date_is_a_moment_or_none(value):
    at = moment(value)
    assert at is None or at.utcoffset() is not None


def test_a_shuffled_list_of_many_is_read_in_its_order():
    rows = [{**ROW, "id": str(number), "name": f"N{number}"} for number in range(1000)]
    random.Random(7).shuffle(rows)
    assert [llm.id for llm in listed(*rows)] == [row["id"] for row in rows]
