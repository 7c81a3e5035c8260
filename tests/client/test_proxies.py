"""The choice of the proxy: the usual rules, in each spelling."""

import pytest

from fbsync.client import proxies
from fbsync.client.proxies import proxy_for
from fbsync.model.errors import ExitCode, FbsyncError

URL = "https://api.example.com/v1"
PROXY = "http://proxy.example.com:3128"


def variable(environment, url=URL):
    proxy = proxy_for(url, environment)
    return None if proxy is None else proxy.variable


@pytest.mark.parametrize("name", ["https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"])
def test_each_variable_counts(name):
    proxy = proxy_for(URL, {name: PROXY})
    assert (proxy.variable, proxy.address, proxy.user, proxy.password) == (name, PROXY, None, None)


@pytest.mark.parametrize(
    ("environment", "url", "chosen"),
    [
        ({}, URL, None),
        ({"HTTP_PROXY": PROXY}, URL, None),
        ({"HTTPS_PROXY": PROXY}, "http://api.example.com", None),
        ({"HTTP_PROXY": PROXY}, "http://api.example.com", "HTTP_PROXY"),
        ({"HTTP_PROXY": PROXY, "REQUEST_METHOD": "GET"}, "http://api.example.com", None),
        ({"http_proxy": PROXY, "REQUEST_METHOD": "GET"}, "http://api.example.com", "http_proxy"),
        ({"HTTPS_PROXY": PROXY, "REQUEST_METHOD": "GET"}, URL, "HTTPS_PROXY"),
        ({"https_proxy": PROXY, "HTTPS_PROXY": "http://other:1"}, URL, "https_proxy"),
        ({"https_proxy": "", "HTTPS_PROXY": PROXY}, URL, None),
        ({"https_proxy": "", "ALL_PROXY": PROXY}, URL, "ALL_PROXY"),
        ({"HTTPS_PROXY": PROXY, "ALL_PROXY": "ftp://x"}, URL, "HTTPS_PROXY"),
        ({"HTTPS_PROXY": "  "}, URL, None),
    ],
    ids=str,
)
def test_which_of_several_counts(environment, url, chosen):
    assert variable(environment, url) == chosen


@pytest.mark.parametrize("name", ["NO_PROXY", "no_proxy"])
@pytest.mark.parametrize(
    ("exceptions", "url", "is_direct"),
    [
        ("*", URL, True),
        ("api.example.com", URL, True),
        ("API.Example.COM.", URL, True),
        ("example.com", URL, True),
        (".example.com", URL, True),
        ("*.example.com", URL, True),
        ("ample.com", URL, False),
        ("example.com.evil.test", URL, False),
        ("other.test , api.example.com", URL, True),
        ("other.test api.example.com", URL, True),
        ("api.example.com:443", URL, True),
        ("api.example.com:8443", URL, False),
        ("api.example.com:8443", "https://api.example.com:8443", True),
        ("api.example.com:99999999999999999999", URL, False),
        ("10.0.0.0/8", "https://10.1.2.3", True),
        ("10.0.0.0/8", "https://11.1.2.3", False),
        ("10.1.2.3", "https://10.1.2.3:8443", True),
        ("10.1.2.3:443", "https://10.1.2.3:8443", False),
        ("fd07:b51a:cc66:f0::/64", "https://[fd07:b51a:cc66:f0::7]", True),
        ("fd07:b51a:cc66:f0::/64", "https://[fd07:b51a:cc66:f1::7]", False),
        ("[fe80::1]", "https://[fe80::1]", True),
        ("[fe80::1]:8443", "https://[fe80::1]", False),
        ("fe80::1", "https://[fe80:0:0::1]", True),
        ("localhost,fe80::/10", URL, False),
        ("bücher.example", "https://xn--bcher-kva.example", True),
        ("xn--bcher-kva.example", "https://bücher.example", True),
        ("", URL, False),
        (",, ,", URL, False),
        ("[", URL, False),
        ("/8", URL, False),
        (":", URL, False),
    ],
    ids=str,
)
def test_exceptions(name, exceptions, url, is_direct):
    assert (variable({"ALL_PROXY": PROXY, name: exceptions}, url) is None) is is_direct


@pytest.mark.parametrize(
    "url", ["http://localhost:1", "http://127.0.0.1:1", "https://127.9.9.9", "http://[::1]:8", "http://LOCALHOST"]
)
def test_this_machine_is_reached_directly_whatever_the_variables_hold(url):
    for value in (PROXY, "ftp://x", "socks://x", "::::"):
        assert proxy_for(url, {"ALL_PROXY": value, "HTTPS_PROXY": value, "http_proxy": value}) is None


@pytest.mark.parametrize(
    ("value", "address"),
    [
        ("proxy.example.com:3128", PROXY),
        (" http://proxy.example.com:3128 ", PROXY),
        ("HTTP://proxy.example.com:3128/", PROXY),
        ("https://proxy.example.com", "https://proxy.example.com"),
        ("http://[fe80::1]:3128", "http://[fe80::1]:3128"),
    ],
)
def test_how_a_proxy_may_be_written(value, address):
    assert proxy_for(URL, {"ALL_PROXY": value}).address == address


def test_a_user_and_a_password_are_decoded_and_not_shown():
    proxy = proxy_for(URL, {"HTTPS_PROXY": "http://me%40work:can%3Aary@proxy.example.com:3128"})
    assert (proxy.address, proxy.user, proxy.password.reveal()) == (PROXY, "me@work", "can:ary")
    assert "can" not in repr(proxy)


@pytest.mark.parametrize(
    "value",
    [
        *("ftp://p:1", "socks://p:1", "socks4://p:1", "socks4a://p", "file:///x", "unix:///x"),
        *("http://", "http://p:99999", "http://p:x", "http://[::1", "http://a b:1", "http://p\x00:1", "http://%ff@p:1"),
    ],
)
def test_what_cannot_be_used_is_an_error_that_names_the_variable_and_not_its_value(value):
    with pytest.raises(FbsyncError, match=r"the proxy in \$all_proxy cannot be used") as caught:
        proxy_for(URL, {"all_proxy": value})
    assert caught.value.exit_code is ExitCode.INVALID_INPUT
    assert value == "http://" or value not in caught.value.message + caught.value.hint


@pytest.mark.parametrize("scheme", ["socks5", "socks5h"])
def test_socks_needs_a_package(monkeypatch, scheme):
    environment = {"ALL_PROXY": f"{scheme}://p:1080"}
    monkeypatch.setattr(proxies, "find_spec", lambda name: None)
    with pytest.raises(FbsyncError, match="a package that is not installed") as caught:
        proxy_for(URL, environment)
    assert "fbsync[socks]" in caught.value.hint
    monkeypatch.setattr(proxies, "find_spec", lambda name: object())
    assert proxy_for(URL, environment).address == f"{scheme}://p:1080"
