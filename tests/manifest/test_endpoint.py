"""Valid and invalid endpoints."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from fbsync.manifest.endpoint import _PLAIN, OPEN, faults, faults_of_template, is_plain
from fbsync.manifest.references import resolve_text
from fbsync.variables import Variables


def rules(template):
    return [fault.rule for fault in faults_of_template(template)]


@pytest.mark.parametrize(
    "endpoint",
    [
        "https://api.openai.com/v1",
        "https://api.openai.com:443",
        "HTTPS://API.OPENAI.COM.",
        "https://a",
        "https://a_b.internal/",
        "https://bücher.example",
        "https://xn--bcher-kva.example",
        "https://192.0.2.7:8443/x?api-version=2024-02-01&max_tokens=9#top",
        "https://[2001:db8::1]:8443/",
        "http://localhost:8080",
        "http://llm.localhost",
        "http://127.9.9.9",
        "http://[::1]",
        "https://${HOST}",
        "https://${HOST}.example.com:${PORT}/$PATH?x=$X",
        "$BASE",
        "${BASE}/v1",
        "$<SCHEME>://x",
        "http${S}://localhost",
        "https://example.com/$$",
    ],
)
def test_right(endpoint):
    assert rules(endpoint) == []


@pytest.mark.parametrize(
    "endpoint",
    [
        "x",
        "api.openai.com",
        "//api.openai.com",
        "https:",
        "https:/",
        "https://",
        "https:///x",
        "https//x",
        "https:x",
        "https://?x",
        "https://#x",
        "https://:443",
        "ftp://x",
        "https ://x",
        "https://a b",
        "https://a\tb",
        "https://a\u00a0b",
        "https://a\nb",
        "https://a\\b",
        "https://{a}",
        'https://a"b',
        "https://a/%",
        "https://a/%4",
        "https://a/%zz",
        "https://a:",
        "https://a:0",
        "https://a:65536",
        "https://a:99999999999999999999",
        "https://a:http",
        "https://a:٣",
        "https://a:1:2",
        "https://.a",
        "https://a..b",
        "https://-a",
        "https://a-",
        "https://a!b",
        "https://1.2.3",
        "https://1.2.3.4.5",
        "https://256.1.1.1",
        "https://01.2.3.4",
        "https://[::1",
        "https://::1",
        "https://[127.0.0.1]",
        "https://[v1.x]",
        "https://" + "a" * 64,
        "https://" + "a." * 127 + "a",
        "https://\u2100.example",
        "https://$HOST:99999",
        "https://$HOST/ x",
        "javascript://x",
    ],
)
def test_no_url(endpoint):
    assert "endpoint-no-url" in rules(endpoint)


@pytest.mark.parametrize(
    "endpoint",
    [
        "https://user@x",
        "https://user:password@x/",
        "https://:password@x",
        "https://@x",
        "https://$USER:$PASSWORD@x",
        "$BASE@x",
        "https://x/?key=1",
        "https://x/?a=1&API_KEY=2",
        "https://x/?a=1;x-api-key=2",
        "https://x?access_token=$TOKEN",
        "https://x?sig=1",
        "$BASE?subscription-key=1",
    ],
)
def test_credentials(endpoint):
    assert rules(endpoint) == ["endpoint-credentials"]


@pytest.mark.parametrize(
    "host", ["x.example.com", "127.example.com", "10.0.0.1", "localhost.example.com", "[::2]", "$HOST"]
)
def test_plain_http(host):
    assert rules(f"http://{host}/v1") == ["endpoint-plain-http"]


@given(st.text())
def test_whatever_is_written_has_an_answer_that_does_not_repeat_it(text):
    for fault in faults(f"https://{text}"):
        assert len(text) < 12 or text not in fault.message + fault.remedy
    for fault in faults_of_template(text):
        assert fault.message
        assert fault.remedy


@given(st.from_regex(r"https://(a|\$A)(:1|:\$B)?(/\$A|/b)?(\?\$B=1)?", fullmatch=True))
def test_what_is_right_with_references_is_right_when_they_are_resolved(template):
    variables = Variables(files=(), environment={"A": "host.example.com", "B": "8443"})
    resolved = resolve_text(template, variables).value
    assert OPEN not in resolved
    assert rules(template) == list(faults(resolved)) == []


HOSTS = st.text(alphabet="ab1-._:/@%$Z\u00e9 ?#[]", max_size=70)


@given(url=st.one_of(st.builds("https://{}{}".format, HOSTS, HOSTS), st.from_regex(_PLAIN)))
@example("https://" + "a" * 63 + ".com")
@example("https://-a.com")
@example("https://a.b-.com")
@example("https://a.com/?token=x")
def test_what_is_plain_at_a_glance_has_no_fault(url):
    if is_plain(url):
        assert list(faults_of_template(url)) == []


@pytest.mark.parametrize(
    "url", ["https://api.openai.com/v1", "https://a.example.com:8443/v1/x_y~z.0", "https://a-b.co"]
)
def test_most_endpoints_are_plain(url):
    assert is_plain(url)
