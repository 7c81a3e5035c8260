"""``plan --all-environments``: every workspace and environment on one page."""

import pytest
from cli_world import MANIFEST

ENVIRONMENTS = """\
environments:
  staging: {workspaceId: ws-staging, llms: {Two: null}}
  prod: {workspaceId: $PROD_WORKSPACE_ID}
"""


@pytest.fixture
def environments(project):
    project.write("fbsync.yaml", MANIFEST + ENVIRONMENTS)
    return project


def page(project, *arguments):
    return project("plan", "--all-environments", "--format", "html", *arguments)


def test_the_list_itself_and_all_environments_are_on_one_page(environments, server):
    environments("apply")
    requests = len(server.requests)
    done = page(environments)
    assert done.returncode == 0, done.stderr
    assert "Plan: 3 to add, 0 to change, 0 to destroy." in done.stdout
    assert "staging: Plan: 1 to add" in done.stdout
    assert "Environments and workspaces at a glance" in done.stdout
    assert "<bdi>$PROD_WORKSPACE_ID</bdi>" in done.stdout
    assert len(server.requests) == requests
    assert page(environments, "--detailed-exitcode").returncode == 2


def test_one_that_cannot_be_planned_does_not_hide_the_others(environments):
    environments.write("fbsync.staging.lock", "<<<<<<< ours\n")
    done = page(environments)
    assert done.returncode == 3
    assert "1 environment could not be planned" in done.stdout
    assert "<bdi>staging</bdi>" in done.stdout
    assert "prod: Plan: 2 to add" in done.stdout
    assert "fbsync.staging.lock" in done.stderr


def test_a_list_that_is_only_used_with_environments_is_left_out(environments):
    environments.write(
        "fbsync.yaml", (MANIFEST + ENVIRONMENTS).replace("workspaceId: $FLASHBACK_WORKSPACE_ID\n", "", 1)
    )
    done = page(environments)
    assert done.returncode == 0, done.stderr
    assert "(none)" not in done.stdout


@pytest.mark.parametrize("arguments", ["--format text", "--format html -e staging", "--format html --out plan.json"])
def test_what_it_does_not_go_with_is_refused(environments, arguments):
    done = environments("plan", "--all-environments", *arguments.split())
    assert done.returncode == 64
    assert done.stdout == ""
