"""Who holds a lease: what the variables of CI systems show."""

import pytest

from fbsync.stores.holder import Holder, holder_from, shown

GITHUB = {"GITHUB_SERVER_URL": "https://github.com", "GITHUB_REPOSITORY": "a/b", "GITHUB_RUN_ID": "7"}


@pytest.mark.parametrize(
    ("environ", "run", "user"),
    [
        ({}, None, None),
        ({**GITHUB, "GITHUB_ACTOR": "ada"}, "https://github.com/a/b/actions/runs/7", "ada"),
        ({"GITHUB_SERVER_URL": "https://github.com"}, None, None),
        (
            {"CI_JOB_URL": "https://gitlab.com/a/-/jobs/7", "GITLAB_USER_LOGIN": "ada"},
            "https://gitlab.com/a/-/jobs/7",
            "ada",
        ),
        ({"BUILD_URL": "https://jenkins/7/", "USER": "ci"}, "https://jenkins/7/", "ci"),
        ({"BUILD_URL": "https://user:hunter2@jenkins/7/"}, None, None),
        ({"CI_JOB_URL": "javascript:alert(1)"}, None, None),
        (
            {
                "SYSTEM_TEAMFOUNDATIONCOLLECTIONURI": "https://dev.azure.com/a/",
                "SYSTEM_TEAMPROJECT": "p",
                "BUILD_BUILDID": "7",
            },
            "https://dev.azure.com/a/p/_build/results?buildId=7",
            None,
        ),
    ],
)
def test_the_run_and_its_user(environ, run, user):
    assert holder_from(environ, host="h", process=1) == Holder(run=run, user=user, host="h", process=1)


def test_what_others_wrote_is_one_printable_line():
    assert shown("a\x1b[31m\nb\u202e") == "a?[31m?b?"
    assert str(Holder(host="h", process=3)) == "process 3 on h"
