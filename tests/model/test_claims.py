"""What an unconfirmed request explains, and what it does not."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone

import pytest
from records import live

from fbsync.model.claims import Claim
from fbsync.model.configurations import Identity

NOON = datetime(2026, 1, 1, 12, 0, 5, 900_000, tzinfo=UTC)
MADE = replace(live("A"), created_at=NOON, user_id="me")
CLAIM = Claim(
    identity=Identity(workspace_id="ws", name="A"),
    ai_type="OPENAI",
    endpoint=MADE.endpoint,
    since=NOON.replace(microsecond=0),
    user_id="me",
)


@pytest.mark.parametrize(
    "listed",
    [
        MADE,
        replace(MADE, created_at=NOON + timedelta(minutes=5)),
        replace(MADE, created_at=NOON.replace(microsecond=0)),
        replace(MADE, created_at=NOON.astimezone(timezone(timedelta(hours=5)))),
        replace(MADE, user_id=None),
        replace(MADE, endpoint=f"{MADE.endpoint}/", ai_type="openai", name="A "),
    ],
)
def test_what_was_made_after_it_is_ours(listed):
    assert CLAIM.explains(listed)


def test_times_count_to_the_second_as_the_servers_date_does():
    assert replace(CLAIM, since=NOON).explains(replace(MADE, created_at=NOON.replace(microsecond=0)))


@pytest.mark.parametrize(
    "listed",
    [
        replace(MADE, created_at=NOON - timedelta(seconds=1)),
        replace(MADE, created_at=None),
        replace(MADE, user_id="somebody"),
        replace(MADE, workspace_id="ws2"),
        replace(MADE, name="a"),
        replace(MADE, ai_type="AWS"),
        replace(MADE, endpoint="https://api.example.com/v2"),
        replace(MADE, endpoint=None),
    ],
)
def test_anything_else_is_somebody_elses(listed):
    assert not CLAIM.explains(listed)


def test_without_the_servers_time_nothing_is_ours():
    assert not replace(CLAIM, since=None).explains(MADE)
