"""Addresses of stores, and the keys of environments."""

import pytest

from fbsync.model.errors import FbsyncError
from fbsync.stores.address import (
    FileAddress,
    GitAddress,
    ObjectAddress,
    Provider,
    environment_key,
    parse_address,
)


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("file", FileAddress()),
        ("file:state", FileAddress(folder="state")),
        ("file:/var/lib/fbsync", FileAddress(folder="/var/lib/fbsync")),
        ("git", GitAddress()),
        ("git:refs/heads/fbsync-state", GitAddress(ref="refs/heads/fbsync-state")),
        ("git+https://github.com/example/infra.git", GitAddress(url="https://github.com/example/infra.git")),
        ("git+ssh://git@example.com/infra", GitAddress(url="ssh://git@example.com/infra")),
        ("git+git@example.com:infra.git", GitAddress(url="git@example.com:infra.git")),
        ("git+file:///srv/infra.git", GitAddress(url="file:///srv/infra.git")),
        ("git+/srv/infra.git", GitAddress(url="/srv/infra.git")),
        ("git+/srv/x.git#refs/heads/st", GitAddress(url="/srv/x.git", ref="refs/heads/st")),
        ("s3://bucket", ObjectAddress(provider=Provider.S3, bucket="bucket")),
        ("s3://bucket/", ObjectAddress(provider=Provider.S3, bucket="bucket")),
        ("s3://bucket/a/b/", ObjectAddress(provider=Provider.S3, bucket="bucket", prefix="a/b")),
        ("gs://bucket/a", ObjectAddress(provider=Provider.GOOGLE, bucket="bucket", prefix="a")),
        (
            "az://account/container/a",
            ObjectAddress(provider=Provider.AZURE, account="account", bucket="container", prefix="a"),
        ),
    ],
)
def test_an_address_is_understood(text, address):
    assert parse_address(text) == address


@pytest.mark.parametrize(
    "text",
    [
        *(
            "",
            "x",
            "file:",
            "git:",
            "git+",
            "s3:",
            "s3:bucket",
            "s3://",
            "s3:///a",
            "az://account",
            "http://a/b",
            "S3://b",
        ),
        *("git:main", "git:refs/heads", "git:refs/heads/", "git:refs//a", "git:refs/heads/a b", "git:refs/heads/a..b"),
        *("git:refs/heads/-x/../y", "git:refs/heads/x.lock", "git:refs/heads/x.", "git:refs/heads/.x", "git:refs/h/~1"),
        *(
            "git+ext::sh -c evil",
            "git+--upload-pack=evil",
            "git+-x@y:z",
            "git+relative/path",
            "git+fd::7",
            "git+a@b::c",
        ),
        *("git+ssh://-oProxyCommand=evil/x", "git+ssh://git@-oProxyCommand=evil/x", "git+git@-oProxyCommand=evil:x"),
        *(
            "git+https://github.com/a\n",
            "s3://bucket/../other",
            "s3://bucket//a",
            "s3://bucket/a b",
            "s3://-x/a",
            "s3://b\n",
        ),
    ],
)
def test_what_is_no_address_is_refused(text):
    with pytest.raises(FbsyncError) as caught:
        parse_address(text)
    assert caught.value.exit_code == 3
    assert caught.value.hint


@pytest.mark.parametrize(
    "text",
    [
        "git+https://user:hunter2@example.com/a.git",
        "git+https://hunter2@example.com/a.git",
        "git+http://hunter2@example.com/a.git",
        "git+ssh://git:hunter2@example.com/a",
        "s3://id:hunter2@bucket/a",
        "s3://hunter2@bucket/a",
        "az://hunter2@account/container",
        "gs://bucket/a?token=hunter2",
    ],
)
def test_a_credential_in_an_address_is_refused_and_not_shown(text):
    with pytest.raises(FbsyncError, match="contains a user name, a password or a token") as caught:
        parse_address(text)
    assert "hunter2" not in caught.value.message + caught.value.hint


def test_an_environment_is_part_of_the_key():
    assert environment_key(None) == "default"
    assert environment_key("eu-prod.2") == "eu-prod.2"


@pytest.mark.parametrize("name", ["default", "a..b", "a.", "a.lock", "a/b", "", "-a", "a b", "a\n", "ä"])
def test_an_environment_that_no_key_can_hold_is_refused(name):
    with pytest.raises(FbsyncError) as caught:
        environment_key(name)
    assert caught.value.exit_code == 3
