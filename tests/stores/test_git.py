"""A ref of a git remote: it works from any clone, with the clone's own credentials, and changes nothing else."""

import base64
import os
import stat
import subprocess
from contextlib import contextmanager

import pytest
from git_over_http import serving

from fbsync.model.errors import FbsyncError
from fbsync.stores.address import parse_address
from fbsync.stores.document import first_state
from fbsync.stores.holder import Holder
from fbsync.stores.lease import take
from fbsync.stores.open import opened
from fbsync.stores.protocol import Conflict, Denied, Unavailable, UnknownOutcome
from fbsync.stores.swap import StateObject

ENVIRON = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")} | {
    "GIT_CONFIG_GLOBAL": os.devnull
}
ME = Holder(host="a-host", process=1, user="ada")
REF = "refs/fbsync/state/default"
HEADER = "AUTHORIZATION: Basic " + base64.b64encode(b"x:a-long-password").decode()


def git(*arguments, cwd=None):
    command = ["git", "-c", "user.name=A", "-c", "user.email=a@example.com", *map(str, arguments)]
    return subprocess.run(command, cwd=cwd, check=True, capture_output=True, text=True).stdout.strip()


@contextmanager
def state_of(folder, address="git", key="default", environ=None):
    with opened(parse_address(address), folder=folder, environ=environ or ENVIRON) as place:
        yield StateObject(place.store(key), sleep=lambda _: None)


@pytest.fixture
def clone(bare, tmp_path):
    git("symbolic-ref", "HEAD", "refs/heads/main", cwd=bare)
    clone = tmp_path / "clone"
    git("clone", "--quiet", bare, clone)
    git("checkout", "--quiet", "-b", "main", cwd=clone)
    for number in range(3):
        (clone / "file").write_text(str(number))
        git("add", "file", cwd=clone)
        git("commit", "--quiet", "--message", "a change", cwd=clone)
    git("push", "--quiet", "origin", "main", cwd=clone)
    return clone


def everything(folder):
    """All files of a clone with their content, which must not change."""
    return {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def as_it_is(clone, bare, tmp_path):
    return clone


def shallow(clone, bare, tmp_path):
    git("clone", "--quiet", "--depth=1", bare.as_uri(), tmp_path / "shallow")
    return tmp_path / "shallow"


def detached(clone, bare, tmp_path):
    git("checkout", "--quiet", "--detach", "HEAD~1", cwd=clone)
    return clone


def worktree(clone, bare, tmp_path):
    git("worktree", "add", "--quiet", "--detach", tmp_path / "tree", cwd=clone)
    return tmp_path / "tree"


def in_a_folder(clone, bare, tmp_path):
    (clone / "deep" / "down").mkdir(parents=True)
    return clone / "deep" / "down"


def with_a_relative_url(clone, bare, tmp_path):
    git("config", "remote.origin.url", os.path.relpath(bare, clone), cwd=clone)
    return in_a_folder(clone, bare, tmp_path)


def partial(clone, bare, tmp_path):
    git("config", "uploadpack.allowFilter", "true", cwd=bare)
    git("clone", "--quiet", "--filter=blob:none", bare.as_uri(), tmp_path / "partial")
    return tmp_path / "partial"


CLONES = (as_it_is, shallow, detached, worktree, in_a_folder, with_a_relative_url, partial)


@pytest.mark.parametrize("kind", CLONES)
def test_a_state_is_written_and_read_from_any_clone_and_the_clone_stays_as_it_was(kind, clone, bare, tmp_path):
    folder = kind(clone, bare, tmp_path)
    (folder / "uncommitted").write_text("x")
    before = everything(clone), everything(folder)
    with state_of(folder) as state:
        assert state.read() is None
        version = state.swap(first_state(ME, lockfile="{}"), None)
        lease = take(state, version, holder=ME)
        lease.write(lockfile="{}", journal=["x"])
        lease.release(lockfile="done", journal=[])
    assert (everything(clone), everything(folder)) == before
    with state_of(clone) as state:
        assert state.read().state.lockfile == "done"
    refs = git("for-each-ref", "--format=%(refname)", cwd=bare).splitlines()
    assert refs == [REF, "refs/heads/main"]


def test_a_finished_run_is_one_commit_and_a_run_under_way_none(clone, bare):
    with state_of(clone) as state:
        version = state.swap(first_state(ME), None)
        first = git("rev-parse", REF, cwd=bare)
        for run in ("one", "two"):
            lease = take(state, version, holder=ME)
            for number in range(3):
                lease.write(lockfile=None, journal=[str(number)])
                assert git("rev-parse", f"{REF}^", cwd=bare) == first
            lease.release(lockfile=run, journal=[])
            version = state.read()
            assert git("rev-parse", f"{REF}^", cwd=bare) == first
            first = version.tag
    log = git("log", "--format=%an %s", REF, cwd=bare).splitlines()
    assert log == ["fbsync State: ada, process 1 on a-host"] * 3


def test_a_run_that_was_killed_goes_into_the_next_ones_commit(clone, bare):
    with state_of(clone) as state:
        closed = state.swap(first_state(ME), None)
        take(state, closed, holder=ME).write(lockfile=None, journal=["open intent"])
    with state_of(clone) as state:
        found = state.read()
        assert found.state.journal == ("open intent",)
        lease = take(state, found, holder=ME)
        lease.release(lockfile="settled", journal=[])
    assert git("rev-parse", f"{REF}^", cwd=bare) == closed.tag


def test_an_environment_has_a_ref_of_its_own(clone, bare):
    with state_of(clone) as state:
        state.swap(first_state(ME), None)
    with state_of(clone, key="staging") as state:
        assert state.read() is None
        state.swap(first_state(ME), None)
    assert git("for-each-ref", "--format=%(refname)", "refs/fbsync", cwd=bare).splitlines() == [
        REF,
        "refs/fbsync/state/staging",
    ]


def test_a_branch_prefix_serves_where_a_host_takes_branches_only(clone, bare, tmp_path):
    with state_of(tmp_path, f"git+{bare}#refs/heads/fbsync-state") as state:
        state.swap(first_state(ME), None)
    with state_of(clone, "git:refs/heads/fbsync-state") as state:
        assert state.read() is not None


def test_a_hooks_refusal_is_a_denial_with_its_words(clone, bare):
    hook = bare / "hooks" / "pre-receive"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text("#!/bin/sh\necho 'GH013: refs are locked by the rule \"no state here\"' >&2\nexit 1\n")
    hook.chmod(0o755)
    with (
        state_of(clone) as state,
        pytest.raises(Denied, match='GH013: refs are locked by the rule "no state') as caught,
    ):
        state.swap(first_state(ME), None)
    assert caught.value.exit_code == 4


def test_a_ref_that_stands_in_the_way_is_no_conflict(clone, bare):
    git("update-ref", "refs/fbsync/state", "refs/heads/main", cwd=bare)
    with state_of(clone) as state, pytest.raises(Denied, match="refs/fbsync/state"):
        state.swap(first_state(ME), None)


def test_a_remote_that_may_only_be_read_is_a_denial(clone, bare):
    git("config", "transfer.hideRefs", "refs/fbsync", cwd=bare)
    with state_of(clone) as state, pytest.raises(Denied, match="hidden ref"):
        state.swap(first_state(ME), None)


def test_a_commit_of_somebody_else_is_not_a_state(clone, bare):
    git("update-ref", REF, "refs/heads/main", cwd=bare)
    with state_of(clone) as state, pytest.raises(FbsyncError, match=r"has no state\.json") as caught:
        state.read()
    assert caught.value.exit_code == 3


def test_a_remote_that_is_away_is_unavailable(clone, bare):
    with state_of(clone) as state:
        version = state.swap(first_state(ME), None)
        bare.rename(bare.with_name("gone"))
        with pytest.raises((Unavailable, UnknownOutcome, Denied)):
            state.swap(version.state.succeeded(ME, claim=None), version.tag)
        with pytest.raises((Unavailable, Denied)) as caught:
            state.read()
        assert caught.value.exit_code == 4


def test_a_version_that_was_never_read_here_is_a_conflict(clone):
    with state_of(clone) as state:
        version = state.swap(first_state(ME), None)
        newer = state.swap(version.state.succeeded(ME, claim=None), version.tag)
    with state_of(clone) as state, pytest.raises(Conflict):
        state.swap(newer.state.succeeded(ME, claim=None), version.tag)


def test_inside_a_hook_the_hooks_repository_is_left_alone(clone, bare, tmp_path):
    other = tmp_path / "other.git"
    git("init", "--quiet", "--bare", other)
    before = everything(other)
    environ = {**ENVIRON, "GIT_DIR": str(other), "GIT_INDEX_FILE": str(other / "index"), "GIT_PREFIX": "x"}
    with state_of(clone, environ=environ) as state:
        state.swap(first_state(ME), None)
    assert everything(other) == before
    assert git("rev-parse", REF, cwd=bare)


@pytest.mark.parametrize("remotes", [[], ["one", "two"]])
def test_without_a_remote_to_choose_it_says_how_to_name_one(tmp_path, remotes):
    git("init", "--quiet", tmp_path / "alone")
    for remote in remotes:
        git("remote", "add", remote, "/nowhere", cwd=tmp_path / "alone")
    with pytest.raises(FbsyncError, match="remote") as caught, state_of(tmp_path / "alone"):
        pass
    assert "git+URL" in caught.value.hint


def test_without_git_it_says_so(tmp_path):
    with pytest.raises(FbsyncError, match="needs the program git"), state_of(tmp_path, environ={"PATH": "/nowhere"}):
        pass


def kept_in_the_clone(clone, url, tmp_path):
    """Keep credentials as ``actions/checkout`` does up to version 5."""
    git("config", f"http.{url}/.extraheader", HEADER, cwd=clone)


def kept_in_an_included_file(clone, url, tmp_path):
    """Keep credentials as ``actions/checkout`` does from version 6 on."""
    kept = tmp_path / "git-credentials.config"
    git("config", "--file", kept, f"http.{url}/.extraheader", HEADER)
    git("config", f"includeIf.gitdir:{clone}/.git.path", kept, cwd=clone)


def given_by_a_helper(clone, url, tmp_path):
    git("config", "credential.helper", "!f() { echo username=x; echo password=a-long-password; }; f", cwd=clone)


def part_of_the_url(clone, url, tmp_path):
    """Keep credentials in the URL, as GitLab's runners do."""
    git("remote", "set-url", "origin", url.replace("://", "://x:a-long-password@") + "/remote.git", cwd=clone)


def kept_for_the_user(clone, url, tmp_path):
    kept = tmp_path / "home" / ".gitconfig"
    kept.parent.mkdir()
    git("config", "--file", kept, f"http.{url}/.extraheader", HEADER)


def kept_for_the_clone_and_for_the_user(clone, url, tmp_path):
    """Keep credentials in both places; git must not send a header twice."""
    kept_for_the_user(clone, url, tmp_path)
    git("config", f"http.{url}/.extraheader", "", cwd=clone)
    git("config", "--add", f"http.{url}/.extraheader", HEADER, cwd=clone)


MEANS = (
    kept_in_the_clone,
    kept_in_an_included_file,
    given_by_a_helper,
    part_of_the_url,
    kept_for_the_user,
    kept_for_the_clone_and_for_the_user,
)


@pytest.fixture
def watched(tmp_path):
    """An environment whose git records its arguments and the files of its repository."""
    from shutil import which

    program = tmp_path / "bin" / "git"
    program.parent.mkdir()
    seen = tmp_path / "seen"
    script = (
        f'#!/bin/sh\nprintf "%s\\n" "$*" >>"{seen}"\ncase "$1" in --git-dir=*) find "${{1#*=}}" -maxdepth 1 -type f '
    )
    program.write_text(script + f'-exec cat {{}} + >>"{seen}";; esac\nexec {which("git")} "$@"\n')
    program.chmod(program.stat().st_mode | stat.S_IXUSR)
    home = tmp_path / "home"
    path = f"{program.parent}:{os.environ['PATH']}"
    yield {**ENVIRON, "PATH": path, "HOME": str(home), "GIT_CONFIG_GLOBAL": str(home / ".gitconfig")}
    assert "a-long-password" not in seen.read_text()
    assert HEADER.split()[-1] not in seen.read_text()
    assert "push" in seen.read_text()


@pytest.mark.parametrize("means", MEANS)
def test_the_clones_means_of_signing_in_are_used_and_stay_off_command_lines(means, clone, bare, tmp_path, watched):
    with serving(bare.parent, user="x", password="a-long-password") as url:
        git("remote", "set-url", "origin", f"{url}/remote.git", cwd=clone)
        means(clone, url, tmp_path)
        with state_of(clone, environ=watched) as state:
            state.swap(first_state(ME), None)
            assert state.read() is not None


def test_without_credentials_it_is_denied_and_nobody_is_asked(clone, bare, watched):
    with serving(bare.parent, user="x", password="a-long-password") as url:
        git("remote", "set-url", "origin", f"{url}/remote.git", cwd=clone)
        with state_of(clone, environ=watched) as state:
            with pytest.raises(Denied):
                state.read()
            with pytest.raises((Denied, UnknownOutcome)) as caught:
                state.swap(first_state(ME), None)
            assert caught.value.exit_code == 4


def test_a_wrong_password_is_denied_and_not_shown(clone, bare):
    with serving(bare.parent, user="x", password="another") as url:
        git("remote", "set-url", "origin", url.replace("://", "://x:a-long-password@") + "/remote.git", cwd=clone)
        with state_of(clone) as state, pytest.raises(Denied) as caught:
            state.read()
        assert "a-long-password" not in caught.value.message
