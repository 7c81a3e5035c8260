"""A plan refuses whatever apply would refuse, for the same reasons, with random manifests, states and options."""

import json
import time
from dataclasses import dataclass
from enum import StrEnum

import plain_http
import pytest
from cli_world import MANIFEST, unused_workspace
from hypothesis import HealthCheck, event, given, settings
from hypothesis import strategies as st
from recorder import Reply

from fbsync.schema.validate import Kind, validate

NAMES = [f"Entry {at}" for at in range(6)]
REASONS = {
    "protected": "is protected and would be deleted",
    "in use": "so the server will not delete it",
    "too many": "; the limit is ",
    "nothing declared": "the manifest declares nothing",
    "not listed": "the server would not list every workspace",
    "emptied": "and the server lists none",
    "another host": "although nobody changed the manifest",
    "not adopted": ", but not in the lockfile",
    "replaced": ": it was replaced outside",
}
"""Every reason to refuse a plan, by words that only this reason has."""


class Fate(StrEnum):
    """What happened to a known configuration on the server."""

    SAME = "same"
    USED = "used"
    MOVED = "moved"
    GONE = "gone"
    REPLACED = "replaced"


@dataclass(frozen=True, kw_only=True)
class Situation:
    """Declared, listed and unconfirmed configurations, and the options.

    ``untold``: the server cannot list the second workspace. ``foreign``: it lists somebody else's entry.
    ``interrupted``: an update of the second entry, to another host, and a creation have no outcome.
    """

    declared: frozenset = frozenset(NAMES)
    fates: tuple = (Fate.SAME,) * len(NAMES)
    untold: bool = False
    foreign: bool = False
    interrupted: bool = False
    options: tuple = ()


SITUATIONS = {
    "protected": Situation(declared=frozenset(NAMES[1:]), options=("--prune",)),
    "in use": Situation(declared=frozenset(NAMES[:-1]), fates=(Fate.USED,) * 6, options=("--prune",)),
    "too many": Situation(declared=frozenset(NAMES[:3]), options=("--prune", "--max-deletes", "2")),
    "nothing declared": Situation(declared=frozenset(), options=("--prune", "--only", NAMES[1])),
    "not listed": Situation(declared=frozenset(NAMES[:-1]), untold=True, options=("--prune",)),
    "emptied": Situation(fates=(Fate.GONE, Fate.SAME) * 3),
    "another host": Situation(fates=(Fate.SAME, Fate.SAME, Fate.MOVED, *(Fate.SAME,) * 3)),
    "not adopted": Situation(declared=frozenset((*NAMES, "Foreign")), foreign=True),
    "replaced": Situation(fates=(Fate.REPLACED, *(Fate.SAME,) * 5)),
}
_LISTED = (Fate.SAME, Fate.USED, Fate.MOVED)
"""Fates for which fbsync does not list a second time, since it would wait before that."""
_LIMITS = st.sampled_from(["0", "2", "5", "50%", "100%"]).map(lambda limit: ("--max-deletes", limit))
_FLAGS = st.sets(
    st.sampled_from(
        ["--adopt", "--allow-host-change", "--recreate", "--assume-secrets", "--resend-secrets", "--verify-first"]
    ),
    max_size=2,
)
_ONLY = st.sampled_from([*NAMES, "Entry [1-3]"]).map(lambda name: ("--only", name))
_NAMES = st.sampled_from([*NAMES, "Foreign", "New"])


def situations(fates):
    fate = st.sampled_from(fates)
    return st.builds(
        Situation,
        declared=st.frozensets(_NAMES) | st.frozensets(_NAMES, max_size=2) | st.just(frozenset(NAMES)),
        fates=st.tuples(*[fate] * len(NAMES)) | fate.map(lambda one: (one, Fate.SAME) * 3),
        untold=st.sampled_from([False, False, True]),
        foreign=st.booleans(),
        interrupted=st.booleans(),
        options=st.builds(
            lambda prune, flags, limit, only: (*prune, *sorted(flags), *limit, *only),
            st.sampled_from([("--prune",), ("--prune",), ()]),
            _FLAGS,
            st.just(()) | _LIMITS,
            st.sampled_from([(), (), ()]) | _ONLY,
        ),
    )


def placed(places, names):
    """The names with their workspaces: the six take turns, and all others are in the first one."""
    return [(name, places[NAMES.index(name) % 2 if name in NAMES else 0]) for name in names]


def manifest(places, names, hosts=None):
    entries = [
        f"  - {{name: {name}, aiType: OPENAI, endpoint: https://{(hosts or {}).get(name, 'api')}.example.com, "
        f"secret: $SECRET_ONE, workspaceId: {place}{', protect: true' if name == NAMES[0] else ''}}}\n"
        for name, place in placed(places, sorted(names))
    ]
    return "version: 1\nllms:\n" + ("".join(entries) or "  []\n")


class World:
    """Six applied entries in two workspaces, the first one protected. The server lists what the situation says."""

    def __init__(self, project, server, places):
        self.project, self.server, self.places = project, server, places
        project.write("fbsync.yaml", manifest(places, NAMES))
        assert project("apply", "--yes").returncode == 0
        headers = {"Authorization": f"Bearer {project.environment['FLASHBACK_TOKEN']}"}
        with plain_http.Client(base_url=server.url, headers=headers) as client:
            lists = [client.get(f"/ai/llm?workspaceId={place}").json()["aiLlms"] for place in places]
        rows = {row["name"]: row for listed in lists for row in listed}
        self.rows = [rows[name] for name in NAMES]
        self.files = {"fbsync.lock": (project.folder / "fbsync.lock").read_bytes()}
        self.interrupt()

    def interrupt(self):
        """Keep what a killed apply leaves: it was moving the second entry to another host, and creating an entry."""
        self.project.write("fbsync.yaml", manifest(self.places, [*NAMES, "New"], hosts={NAMES[1]: "evil"}))
        with self.server.holding("PUT"), self.server.holding("POST"):
            process = self.project.process("apply", "--yes")
            while len(self.server.writes) < len(NAMES) + 2 and process.poll() is None:
                time.sleep(0.01)
            process.kill()
            self.project.finish(process)
        self.files["fbsync.lock.journal"] = (self.project.folder / "fbsync.lock.journal").read_bytes()

    def become(self, situation):
        for name, content in self.files.items():
            (self.project.folder / name).write_bytes(content)
        if not situation.interrupted:
            (self.project.folder / "fbsync.lock.journal").unlink()
        self.project.write("fbsync.yaml", manifest(self.places, situation.declared))
        listed = [row for row in map(_befallen, self.rows, situation.fates) if row is not None]
        if situation.foreign:
            listed.append(self.rows[0] | {"id": "somebodys", "name": "Foreign", "repos": []})

        def reply(request):
            if request.writes:
                return Reply(status=403, body={"success": False, "message": "nothing is written in this test"})
            path, _, place = request.path.partition("?workspaceId=")
            if path != "/ai/llm":
                return None
            if situation.untold and place == self.places[1]:
                return Reply(status=404, body={"success": False, "message": "no such call"})
            return Reply(body={"success": True, "aiLlms": [row for row in listed if row["workspaceId"] == place]})

        self.server.replies = reply

    def refusals(self, situation):
        """What plan says that apply would refuse. Checks that apply refuses the same."""
        self.become(situation)
        planned = self.project("plan", "--refresh", "--format", "json", *situation.options)
        document = json.loads(planned.stdout)
        assert validate(Kind.PLAN, document) == ()
        assert document["exit_code"] == planned.returncode
        done = self.project("apply", "--yes", "--format", "json", *situation.options)
        error = json.loads(done.stdout).get("error", {})
        assert error.get("refusals", []) == document["refusals"], planned.stdout + done.stdout
        assert (planned.returncode == 8) is (done.returncode == 8) is bool(document["refusals"])
        return {sort for refusal in document["refusals"] for sort in _sorts(refusal["message"])}


def _befallen(row, fate):
    match fate:
        case Fate.SAME:
            return row
        case Fate.USED:
            return row | {"repos": [{"id": "r1", "name": "Support", "createdAt": row["createdAt"]}]}
        case Fate.MOVED:
            return row | {"endpoint": "https://evil.example.com"}
        case Fate.REPLACED:
            return row | {"id": f"another-{row['id']}"}
        case Fate.GONE:
            return None


def _sorts(message):
    found = [sort for sort, words in REASONS.items() if words in message]
    assert len(found) == 1, message
    return found


@pytest.fixture
def world(project, server, workspace):
    return World(project, server, (workspace, unused_workspace()))


@pytest.mark.parametrize("sort", REASONS)
def test_plan_and_apply_agree_on_each_reason(world, sort):
    assert world.refusals(SITUATIONS[sort]) == {sort}


def test_both_know_what_an_interrupted_apply_explains(world):
    moved = (Fate.SAME, Fate.MOVED, *(Fate.SAME,) * 4)
    assert world.refusals(Situation(fates=moved)) == {"another host"}
    assert world.refusals(Situation(fates=moved, interrupted=True)) == set()


def agree(world, situation):
    for sort in world.refusals(situation) or ["nothing"]:
        event(sort)


@settings(max_examples=10, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(situation=situations(_LISTED))
def test_plan_and_apply_agree(world, situation):
    agree(world, situation)


@pytest.mark.thorough
@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(situation=situations(tuple(Fate)))
def test_plan_and_apply_agree_on_what_is_missing_too(world, situation):
    agree(world, situation)


@pytest.fixture
def known(project, server, sandbox, workspace):
    """Six applied entries, one of them protected, and one that somebody else made."""
    project.write("fbsync.yaml", manifest((workspace, workspace), NAMES))
    assert project("apply").returncode == 0
    headers = {"Authorization": f"Bearer {sandbox.token}"}
    foreign = {"name": "Foreign", "aiType": "OTHER", "endpoint": "https://f.example", "secret": "made-up-by-them"}
    with plain_http.Client(base_url=sandbox.url, headers=headers) as client:
        client.post("/ai/llm", json=foreign | {"workspaceId": workspace}).raise_for_status()
    return project


@pytest.mark.parametrize("format_", ["text", "markdown", "html", "json"])
def test_every_format_has_every_reason(known, workspace, format_):
    known.write("fbsync.yaml", manifest((workspace, workspace), ["Foreign"]))
    done = known("plan", "--refresh", "--prune", "--format", format_)
    assert done.returncode == 8, done.stderr
    words = ("is protected", "delete 6 configurations", "is already on the server")
    assert all(word in done.stdout.replace("`", "") for word in words)
    assert known("plan", "--prune", "--detailed-exitcode").returncode == 8


def test_what_was_allowed_is_kept_in_a_saved_plan(known, workspace, on_server):
    known.write("fbsync.yaml", manifest((workspace, workspace), NAMES[:1]))
    arguments = ("--refresh", "--prune", "--max-deletes", "6", "--out", "reviewed.json")
    assert known("plan", *arguments).returncode == 0
    done = known("apply", "reviewed.json")
    assert done.returncode == 0, done.stdout + done.stderr
    assert set(on_server()) == {NAMES[0], "Foreign"}


def test_a_refused_plan_can_be_saved_and_shown_and_is_refused_again(known, server):
    known.write("fbsync.yaml", MANIFEST)
    writes = len(server.writes)
    assert known("plan", "--prune", "--out", "reviewed.json").returncode == 8
    shown = known("show", "reviewed.json")
    assert shown.returncode == 0
    assert "fbsync apply would refuse this plan" in shown.stdout
    assert known("apply", "reviewed.json").returncode == 8
    assert len(server.writes) == writes
