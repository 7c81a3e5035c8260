"""A reference's value must obey the rules for literals. Findings are at the reference and never show the value."""

import pytest

from fbsync.manifest.assemble import assemble
from fbsync.model.errors import InvalidInput
from fbsync.model.findings import Severity
from fbsync.strict_yaml.loader import parse_document
from fbsync.variables import Variables

MANIFEST = """\
version: 1
workspaceId: ws-${WS}
llms:
  - name: One
    aiType: OPENAI
    endpoint: "https://${HOST}:$PORT/v1"
    secret: $SECRET
    key: ${KEY}
  - name: Two
    aiType: OPENAI
    endpoint: $URL
    secret: $SECRET
environments:
  staging:
    workspaceId: $STAGING
"""
GOOD = {"WS": "1", "HOST": "x.example.com", "PORT": "8443", "SECRET": "made-up", "KEY": "made-up-2", "STAGING": "ws-2"}


def findings(environment=None, **values):
    """The errors that stop a run, or else the warnings."""
    manifest = assemble([parse_document(MANIFEST.encode(), file="m.yaml")])
    variables = Variables(environment=GOOD | values)
    try:
        manifest.desired(environment, variables)
    except InvalidInput as error:
        found = error.findings
    else:
        found = manifest.warnings_in(environment, variables)
    text = "".join(finding.message + finding.remedy for finding in found)
    assert all(value not in text for value in values.values() if len(value) > 2 and value != "https://")
    return found


def summary(found):
    return [(finding.rule, finding.position.line, finding.position.column) for finding in found]


def test_good_values_have_no_findings():
    assert findings() == findings("staging") == findings(URL="https://y.example.com/v1?a=b") == ()


def test_values_that_are_not_set_have_no_findings():
    manifest = assemble([parse_document(MANIFEST.encode(), file="m.yaml")])
    assert manifest.warnings_in("staging", Variables(environment={})) == ()


@pytest.mark.parametrize(
    ("value", "why"),
    [
        ("ws 1", "a space"),
        ("1\n", "a line break"),
        ("1\r", "a line break"),
        ("\t1", "a tab"),
        ("1\x00", "U+0000"),
        ("1\x9b", "U+009B"),
        ("1\u200b", "U+200B"),
        ("\u202e1", "U+202E"),
        ("1\u00a0", "a space"),
        ("1\u2028", "a line break"),
        ("1\udcff", "not UTF-8"),
        ("1/2", "a slash"),
        ("1\\2", "a slash"),
        ("1?a=b", "a meaning in URLs"),
        ("%31", "a meaning in URLs"),
    ],
)
def test_a_workspace_id_is_checked_at_its_reference(value, why):
    [finding] = findings(WS=value)
    assert summary([finding]) == [("bad-workspace-id", 2, 17)]
    assert "$WS" in finding.message
    assert why in finding.message
    assert finding.entry is None
    assert summary(findings("staging", STAGING=value)) == [("bad-workspace-id", 15, 18)]


@pytest.mark.parametrize("value", [".", ".."])
def test_a_workspace_id_is_no_name_of_a_folder(value):
    assert summary(findings("staging", STAGING=value)) == [("bad-workspace-id", 15, 18)]
    assert findings(WS=value) == ()


@pytest.mark.parametrize("value", ["x.example.com ", "x\n.example.com", "x\u200b.example.com", "x\udcff", "\u202ex"])
def test_a_part_of_an_endpoint_is_checked_at_its_reference(value):
    [finding] = findings(HOST=value)
    assert summary([finding]) == [("endpoint-no-url", 6, 24)]
    assert "$HOST" in finding.message
    assert finding.entry == "One"


@pytest.mark.parametrize(
    ("values", "rule", "names"),
    [
        ({"HOST": "user:password@x.example.com"}, "endpoint-credentials", "$HOST, $PORT"),
        ({"HOST": "-bad-"}, "endpoint-no-url", "$HOST, $PORT"),
        ({"HOST": "\u00e9" * 300}, "endpoint-no-url", "$HOST, $PORT"),
        ({"PORT": "99999"}, "endpoint-no-url", "$HOST, $PORT"),
        ({"URL": "y.example.com"}, "endpoint-no-url", "$URL"),
        ({"URL": "https://"}, "endpoint-no-url", "$URL"),
        ({"URL": "https://y.example.com/?api_key=made-up"}, "endpoint-credentials", "$URL"),
        ({"URL": "ftp://y.example.com"}, "endpoint-no-url", "$URL"),
    ],
)
def test_an_endpoint_is_checked_as_a_whole_at_its_first_reference(values, rule, names):
    [finding] = findings(**values)
    assert summary([finding]) == [(rule, *((11, 15) if "URL" in values else (6, 24)))]
    assert names in finding.message


def test_plain_http_by_a_value_is_a_warning():
    [finding] = findings(URL="http://y.example.com")
    assert (finding.rule, finding.severity) == ("endpoint-plain-http", Severity.WARNING)
    assert "$URL" in finding.message


def test_a_credential_of_bytes_that_are_not_utf8_is_an_error_at_each_reference():
    assert summary(findings(SECRET="x\udcff")) == [("value-not-utf8", 7, 13), ("value-not-utf8", 12, 13)]


@pytest.mark.parametrize(
    "value",
    [
        *('"made-up"', "'made-up'", "`made-up`", "\u201cmade-up\u201d", "\u00abmade-up\u00bb"),
        *("made-up\n", " made-up", "made-up\r\n", "\u00a0made-up"),
        *("$SHARED", "${SHARED}", "${SHARED:-x}", "$(pass show x)", "{{ secrets.KEY }}", "${{ secrets.KEY }}", "%KEY%"),
        *("op://vault/item/field", "vault:secret/data/x#key", "arn:aws:secretsmanager:eu-west-1:1:secret:x"),
        *("ref+vault://path/x", "projects/1/secrets/x/versions/latest", "@Microsoft.KeyVault(SecretUri=x)"),
        *("***", "xxxxxxxx", "........", "\u2022\u2022\u2022", "[MASKED]", "<redacted>"),
        *("changeme", "CHANGE_ME", "your-api-key", "<your key>", "YOUR_API_KEY_HERE", "todo", "undefined"),
        *("word\u200b", "\ufeffword", "wo\u00adrd", "wo\x00rd", "wo\u2066rd"),
    ],
)
def test_what_is_plainly_no_credential_is_warned_about_once(value):
    [finding] = findings(SECRET=value)
    assert summary([finding]) == [("not-a-credential", 7, 13)]
    assert finding.severity is Severity.WARNING
    assert "$SECRET" in finding.message


@pytest.mark.parametrize(
    "value",
    [
        *(
            "sk-proj-0aB1cD2eF3",
            "made up words",
            "p\u00e4ssw\u00f6rd",
            "a$b",
            "$5a-b",
            "xx",
            "*",
            "https://x.example.com",
        ),
        *('{"type": "service_account", "key": "x"}', "-----BEGIN KEY-----\nQUJD\n\tx\n-----END KEY-----", "a'", "''a"),
        *("x" * 100 + "y", "\U0001f511\U0001f511", "secret-1", "arn:aws:iam::1:role/x"),
    ],
)
def test_what_may_be_a_credential_is_not(value):
    assert findings(SECRET=value) == ()


def test_a_reference_in_quotes_with_escapes_or_through_an_alias_is_found_at_its_value():
    entry = "  - {name: A, aiType: OTHER, endpoint: https://x, secret: $S, workspaceId: *w}"
    text = f'version: 1\nworkspaceId: &w "\\x24WS"\nllms:\n{entry}\n'
    manifest = assemble([parse_document(text.encode(), file="m.yaml")])
    with pytest.raises(InvalidInput) as caught:
        manifest.desired(None, Variables(environment={"WS": "a b"}))
    assert summary(caught.value.findings) == [("bad-workspace-id", 4, entry.index("*") + 1)]


@pytest.mark.parametrize("name", ["HOST", "URL", "WS"])
def test_a_field_does_not_grow_without_bounds(name):
    [rule, *_] = {finding.rule for finding in findings(**{name: "https://x.example.com/" + "b" * 5000})}
    assert rule == "value-too-long"


def test_many_references_to_one_value_are_not_joined():
    """A manifest of 300 KB and a variable of 10 KB would become a gigabyte."""
    text = MANIFEST.replace("$URL", "https://x.example.com/" + "${BIG}" * 50_000)
    manifest = assemble([parse_document(text.encode(), file="m.yaml")])
    with pytest.raises(InvalidInput) as caught:
        manifest.desired(None, Variables(environment=GOOD | {"BIG": "b" * 10_000}))
    assert [finding.rule for finding in caught.value.findings] == ["value-too-long"]
