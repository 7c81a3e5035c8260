"""The plan on a terminal: within its columns, complete, and without control characters."""

import re
import unicodedata

from hypothesis import example, given
from hypothesis import strategies as st
from plan_documents import PLAIN
from plans import (
    COMPARED,
    document,
    every_kind,
    first_plan,
    golden,
    hostile_names,
    locked,
    nothing_to_do,
    wide_names,
    without_credentials,
)
from strategies import plans

from fbsync.model.changes import Delete
from fbsync.model.plan import Plan
from fbsync.render.excerpt import columns
from fbsync.render.paint import Paint
from fbsync.render.plan_text import plan_text
from fbsync.render.wrapping import Span, wrapped

SGR = re.compile(r"\x1b\[\d+m")


def shown(plan, *, width=None, enabled=False, verbose=False):
    return plan_text(document(plan), paint=Paint(enabled=enabled), width=width, verbose=verbose)


@given(plan=plans(), width=st.integers(20, 200))
@example(plan=wide_names(), width=40)
@example(plan=hostile_names(), width=20)
@example(plan=every_kind(), width=200)
def test_no_line_is_wider_than_the_terminal(plan, width):
    lines = shown(plan, width=width).splitlines()
    assert max(map(columns, lines)) <= width
    assert not any(line.endswith(" ") for line in lines)


@given(plan=plans(), width=st.integers(20, 200))
def test_breaking_lines_loses_nothing(plan, width):
    def without_blanks(text):
        return re.sub(r"\s", "", text)

    assert without_blanks(shown(plan, width=width)) == without_blanks(shown(plan))


@given(plan=plans(), width=st.none() | st.integers(20, 200))
def test_colours_are_the_only_difference_that_paint_makes(plan, width):
    assert SGR.sub("", shown(plan, width=width, enabled=True)) == shown(plan, width=width)


@given(plan=plans())
def test_nothing_in_a_name_acts_on_the_terminal(plan):
    text = shown(plan).replace("\n", "")
    assert not [character for character in text if unicodedata.category(character) in ("Cc", "Zl", "Zp", "Cs", "Co")]
    assert not set(text) & set("\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")


def test_a_line_is_not_broken_into_a_pipe():
    assert "x" * 130 + " (workspace 作業場)" in shown(wide_names())


def test_values_are_aligned_below_each_other():
    lines = shown(first_plan()).splitlines()
    rows = [line for line in lines if re.match(r" {6}\w+: ", line)]
    assert {len(re.match(r" {6}\w+: +", row)[0]) for row in rows} == {16}


def test_drift_is_told_from_what_the_manifest_changed():
    text = shown(every_kind())
    assert "~ Support chat (workspace ws-main, drift)" in text
    assert "OTHER → OPENAI (changed outside)" in text
    assert "(changed here and outside; last known: https://api.openai.com/v1)" in text
    assert "https://llm-proxy.example.net/v1\n" in text


def test_warnings_stand_with_their_entry_and_are_counted_at_the_end():
    text = shown(every_kind())
    block = text[text.index("~ Production OpenAI") : text.index("~ Support chat")]
    assert "warning: the credential will now be sent to " in block
    assert text.splitlines()[-2] == (
        "Warnings: 2 notices, 2 entries no longer declared, 2 protected entries touched, 1 entry loses its protection."
    )


def test_protected_entries_are_marked_when_they_are_touched():
    text = shown(Plan(changes=(Delete(locked=locked("Ledger", protect=True)),), refreshed=True))
    assert "- Ledger (workspace ws-main, protected): no longer declared" in text
    assert "warning: it is protected: fbsync will refuse to delete it" in text


def test_what_could_not_be_checked_is_named():
    sentence = (
        "6 of 6 credentials were not compared: their variables are not set here, which is normal in a pull request."
    )
    text = shown(without_credentials())
    assert text.index("~ Production OpenAI") < text.index(sentence) < text.index("Plan: 0 to add")
    assert "$OPENAI_API_KEY" not in text
    text = shown(without_credentials(), verbose=True)
    assert "$OPENAI_API_KEY: its variable is not set here (Chat, Embeddings, Moderation, Search, Vision)" in text
    assert "$PRODUCTION_OPENAI_KEY: its variable is not set here (Production OpenAI)" in text


def test_reasons_of_several_sorts_are_counted_apart():
    assert (
        "2 of 7 credentials were not compared: 1 because its variable is not set here; "
        "1 because the server's value is not recorded."
    ) in shown(every_kind())


def test_the_server_is_named_where_it_is_another_one_and_so_are_the_files_of_variables():
    made = document(nothing_to_do(), environment="staging", api_url="http://127.0.0.1:8080", files=(".env", "b.env"))
    assert plan_text(made, paint=PLAIN).startswith(
        f"Environment: staging\nServer: http://127.0.0.1:8080\n{COMPARED} Variables were read from .env, b.env.\n"
    )


def test_what_apply_would_refuse_is_said_with_every_reason():
    text = plan_text(golden("refused"), paint=PLAIN)
    said = text[text.index("fbsync apply would refuse this plan:") :]
    assert said.count("\n  ! ") == said.count("fix:") == 3


def test_nothing_to_do_is_two_sentences():
    assert shown(nothing_to_do()) == f"{COMPARED}\n\nNo changes. The manifest matches fbsync.lock.\n"


def test_a_wide_character_is_not_torn_apart_and_marks_stay_with_their_letter():
    assert wrapped([Span("漢字漢字漢字漢字")], width=13, indent=0) == ["漢字漢字漢字", "漢字"]
    assert wrapped([Span("e\u0301" * 20)], width=12, indent=0) == ["e\u0301" * 12, "e\u0301" * 8]


def test_blanks_that_a_value_begins_with_give_way():
    assert wrapped([Span("    "), Span("   twelve-chars")], width=14, indent=2) == ["  twelve-chars"]
    assert wrapped([Span("one"), Span(" " * 9), Span("   twelve-chars")], width=14, indent=2) == [
        "one",
        "  twelve-chars",
    ]


def test_a_style_covers_its_words_on_each_line():
    paint = Paint(enabled=True)
    assert wrapped([Span("one two three"), Span(" four five", paint.bold)], width=14, indent=1) == [
        "one two three",
        " \x1b[1mfour five\x1b[0m",
    ]
    assert wrapped([Span("")], width=14, indent=1) == [""]
    assert wrapped([Span("one  two", Paint(enabled=False).bold)], width=None, indent=1) == ["one  two"]
