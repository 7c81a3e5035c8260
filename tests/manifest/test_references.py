import pytest
from hypothesis import given
from hypothesis import strategies as st

from fbsync.manifest.references import escape, parse_template, resolve_credential, resolve_text, variable_of
from fbsync.variables import Variables


def variables(**values):
    return Variables(files=(), environment=values)


@pytest.mark.parametrize(
    ("text", "parts", "stray"),
    [
        ("", ("",), ()),
        ("plain", ("plain",), ()),
        ("$A", ("", "A", ""), ()),
        ("${A}", ("", "A", ""), ()),
        ("$<A>", ("", "A", ""), ()),
        ("a$B.c${D}e$<F>", ("a", "B", ".c", "D", "e", "F", ""), ()),
        ("$A$B", ("", "A", "", "B", ""), ()),
        ("$A_1-x", ("", "A_1", "-x"), ()),
        ("$$A", ("$A",), ()),
        ("$$$A", ("$", "A", ""), ()),
        ("5$", ("5$",), (1,)),
        ("$1", ("$1",), (0,)),
        ("${}", ("${}",), (0,)),
        ("${A-B}", ("${A-B}",), (0,)),
        ("$<A", ("$<A",), (0,)),
        ("$Ä", ("$Ä",), (0,)),
    ],
)
def test_a_string_is_taken_apart(text, parts, stray):
    template = parse_template(text)
    assert template.parts == parts
    assert template.stray == stray
    assert template.names == parts[1::2]


@pytest.mark.parametrize(("text", "name"), [("$A", "A"), ("${A_b1}", "A_b1"), ("$<_A>", "_A")])
def test_exactly_one_reference(text, name):
    assert variable_of(text) == name


@pytest.mark.parametrize(
    "text", ["", "A", "$", "$$A", "$A ", " $A", "$A$B", "x$A", "$A\n", "${A", "$<A}", "$1A", "$A-B"]
)
def test_anything_else_is_not_one_reference(text):
    assert variable_of(text) is None


@given(st.text())
def test_an_escaped_text_resolves_to_itself(text):
    resolved = resolve_text(escape(text), variables())
    assert resolved.value == text
    assert not parse_template(escape(text)).names


@given(st.text())
def test_taking_apart_loses_nothing_and_never_fails(text):
    template = parse_template(text)
    assert len(template.parts) % 2 == 1
    assert all(text[at] == "$" for at in template.stray)


def test_resolving_puts_values_in_and_names_what_is_missing():
    text = resolve_text("https://$HOST/${PATH_}/$<ID>", variables(HOST="h", PATH_="p", ID="7"))
    assert text.value == "https://h/p/7"
    partly = resolve_text("https://$HOST/${PATH_}/$<ID>/$PATH_", variables(HOST="h"))
    assert partly.value is None
    assert partly.missing == ("PATH_", "ID")
    assert partly.shown == "https://$HOST/${PATH_}/$<ID>/$PATH_"


def test_a_value_is_not_resolved_again():
    assert resolve_text("$A", variables(A="$B", B="no")).value == "$B"


def test_an_empty_variable_counts_as_missing():
    assert resolve_text("$A", variables(A="")).missing == ("A",)
    assert resolve_credential("$A", variables(A="")).secret is None


def test_a_credential_is_resolved_into_a_secret():
    credential = resolve_credential("${A}", variables(A="value"))
    assert credential.reference == "A"
    assert credential.secret is not None
    assert credential.secret.reveal() == "value"


def test_a_literal_is_refused_without_being_shown():
    with pytest.raises(ValueError, match="exactly one reference") as caught:
        resolve_credential("canary-credential", variables())
    assert "canary" not in str(caught.value)
