"""Submodules: which histories are scanned, which are reported, and what a hostile configuration cannot do."""

import os
import shutil
import subprocess
import sys

import planted
import pytest

from launchready.cli import main
from launchready.secrets import scan

MAKE = planted.Maker(17)
OUTER, PAST, NOW, DEEP = (MAKE.make("stripe"), MAKE.make("github"), MAKE.make("stripe"), MAKE.make("github"))
ADD = ("-c", "protocol.file.allow=always", "submodule", "--quiet", "add")
UPDATE = ("-c", "protocol.file.allow=always", "submodule", "--quiet", "update", "--init", "--recursive")


def places(leaks):
    return sorted((leak.path, leak.value, leak.commit) for leak in leaks)


@pytest.fixture
def library(tmp_path, new):
    """A repository with a secret in its past, in a message, in its files, and in a submodule of its own."""
    deep = new(tmp_path / "deep")
    deep.commit("one", deep__py=f'key = "{DEEP}"\n')
    made = new(tmp_path / "library")
    made.first = made.commit("one", old__py=f'key = "{PAST}"\n')
    made.second = made.commit(f"two, with {PAST}", old__py="")
    made.third = made.commit("three", now__py=f'key = "{NOW}"\n')
    made.git(*ADD, str(deep.path), "third party/deep")
    made.commit("four")
    made.deep = deep.git("rev-parse", "HEAD").strip()
    return made


@pytest.fixture
def app(repo, library):
    repo.commit("one", app__py=f'key = "{OUTER}"\n')
    repo.git(*ADD, str(library.path), "vendor/lib")
    repo.commit("two")
    repo.git(*UPDATE)
    return repo


def expected(library, under="vendor/lib/"):
    return [
        (f"{under}(commit message)", PAST, library.second),
        (f"{under}now.py", NOW, library.third),
        (f"{under}old.py", PAST, library.first),
        (f"{under}third party/deep/deep.py", DEEP, library.deep),
    ]


def test_files_of_submodules(app):
    """Files of submodules are part of the work tree and are scanned."""
    leaks = list(scan(app.path, history=False))
    assert [leak.path for leak in leaks] == ["app.py", "vendor/lib/now.py", "vendor/lib/third party/deep/deep.py"]


def test_histories_of_submodules(app, library):
    """Histories are scanned under the submodule's path, nested ones included."""
    scanned = scan(app.path)
    assert places(scanned)[1:] == expected(library)
    assert scanned.unread == []
    assert places(scan(app.path / "vendor")) == expected(library)
    assert places(scan(app.path / "vendor" / "lib")) == expected(library, "")
    assert places(scan(app.path, files=False))[1:] == expected(library)
    assert [leak.path for leak in scan(app.path, commits="HEAD~1..HEAD")] == []


def test_a_submodule_with_its_own_git_folder(repo, library):
    """Submodules made before git 1.7.8, or by ``git add`` of a clone, need no .gitmodules."""
    shutil.copytree(library.path, repo.path / "lib")
    repo.commit("one")
    assert places(scan(repo.path)) == expected(library, "lib/")


def test_submodules_of_a_linked_work_tree(app, library, tmp_path):
    """Git stores their objects next to those of the linked work tree."""
    app.git("worktree", "add", "--quiet", str(tmp_path / "linked"), "HEAD")
    linked = tmp_path / "linked"
    assert [one.path for one in unread(scan(linked))] == ["vendor/lib"]
    subprocess.run(["git", *UPDATE], cwd=linked, check=True)
    assert places(scan(linked))[1:] == expected(library)


def unread(scanned):
    list(scanned)
    return scanned.unread


def test_a_missing_submodule_is_reported(app, tmp_path, capsys):
    """After clone or deinit, with broken objects, or in a bare clone: reported, exit 3."""
    subprocess.run(["git", "clone", "-q", str(app.path), str(tmp_path / "clone")], check=True)
    [one] = unread(scan(tmp_path / "clone"))
    assert (one.path, "git submodule update --init" in one.reason) == ("vendor/lib", True)
    assert main(["secrets", str(tmp_path / "clone"), "--only", "aws-access-key"]) == 3
    assert "vendor/lib" in capsys.readouterr().out
    subprocess.run(["git", "clone", "-q", "--bare", str(app.path), str(tmp_path / "bare")], check=True)
    assert [one.path for one in unread(scan(tmp_path / "bare"))] == ["vendor/lib"]
    (app.path / "vendor" / "lib" / ".git").write_text("gitdir: ../../nowhere\n")
    assert "cannot read" in unread(scan(app.path))[0].reason
    (app.path / "vendor" / "lib" / ".git").unlink()
    (app.path / "vendor" / "lib" / ".git").mkdir()
    assert "without a repository of its own" in unread(scan(app.path))[0].reason
    shutil.rmtree(app.path / "vendor" / "lib")
    (app.path / "vendor" / "lib").mkdir()
    assert "not checked out" in unread(scan(app.path))[0].reason


def test_a_shallow_submodule_is_reported(repo, library):
    """The missing older commits are reported."""
    clone = ["git", "clone", "-q", "--depth", "1", library.path.as_uri(), str(repo.path / "lib")]
    subprocess.run(clone, check=True)
    repo.commit("one")
    assert any(one.path == "lib/(history)" and "shallow" in one.reason for one in unread(scan(repo.path)))


def test_gitmodules_is_ignored(app, library):
    """Paths outside, and names and URLs that are options or commands, have no effect: the index decides."""
    app.put(
        ".gitmodules",
        '[submodule "../../evil"]\n\tpath = ../..\n\turl = ext::sh -c touch% evil\n\tupdate = !touch evil\n'
        '[submodule "--upload-pack=touch evil"]\n\tpath = --exec=touch evil\n\turl = -u./evil\n',
    )
    app.git("commit", "-qam", "evil")
    scanned = scan(app.path)
    assert places(scanned)[1:] == expected(library)
    assert not list(app.path.rglob("evil"))


def test_links_are_not_followed(app, tmp_path, new):
    """A symbolic link, or a ``.git`` file, that leads out of the repository is not followed."""
    secret = new(tmp_path / "elsewhere")
    secret.commit("one", mine__py=f'key = "{PAST}"\n')
    vendor = app.path / "vendor"
    shutil.rmtree(vendor / "lib")
    (vendor / "lib").symlink_to(secret.path)
    assert "behind a symbolic link" in unread(scan(app.path))[0].reason
    shutil.move(vendor, tmp_path / "aside")
    vendor.symlink_to(tmp_path / "aside")
    assert "behind a symbolic link" in unread(scan(app.path))[0].reason
    vendor.unlink()
    (vendor / "lib").mkdir(parents=True)
    (vendor / "lib" / ".git").write_text(f"gitdir: {secret.path}/.git\n")
    assert "elsewhere" in unread(scan(app.path))[0].reason


def test_untracked_repositories_are_reported(app, new):
    """Untracked repositories are named, because the scan does not read them."""
    for name in ("one", "two", "three", "four"):
        new(app.path / name).commit("one", key__py=f'key = "{PAST}"\n')
    scanned = scan(app.path, history=False)
    assert not [leak for leak in scanned if leak.value == PAST]
    assert scanned.notes == [
        "not scanned: four/, one/, three/, ..., a repository that git does not track; scan it separately"
    ]


COMMANDS = (
    "core.fsmonitor", "core.pager", "core.editor", "core.sshCommand", "core.askPass", "core.alternateRefsCommand",
    "diff.external", "diff.evil.command", "diff.evil.textconv", "filter.evil.clean", "filter.evil.smudge",
    "filter.evil.process", "gpg.program", "gpg.ssh.program", "credential.helper", "pager.log", "pager.diff",
    "pager.rev-list", "remote.origin.uploadpack", "interactive.diffFilter",
)  # fmt: skip
ODD = {
    "diff.submodule": "log", "log.decorate": "full", "log.showSignature": "true", "diff.noprefix": "true",
    "log.follow": "true", "color.ui": "always", "diff.interHunkContext": "5", "format.pretty": "oneline",
    "i18n.logOutputEncoding": "latin1", "diff.relative": "true", "log.diffMerges": "first-parent",
    "diff.colorMoved": "zebra", "diff.ignoreSubmodules": "all", "core.abbrev": "4", "diff.context": "9",
}  # fmt: skip


@pytest.mark.skipif(sys.platform == "win32", reason="a script of the shell")
@pytest.mark.parametrize("which", ["outer", "submodule"])
def test_configuration_neither_runs_nor_hides_anything(app, library, which):
    """No configured command or hook runs, and no setting changes how commits are read."""
    before = places(scan(app.path))
    where = app.path if which == "outer" else app.path / "vendor" / "lib"
    ran = app.path.parent / "ran"
    script = app.path.parent / "script"
    script.write_text(f'#!/bin/sh\necho "$@" >> {ran}\n')
    script.chmod(0o755)

    def git(*args):
        return subprocess.run(["git", *args], cwd=where, capture_output=True, text=True, check=True).stdout.strip()

    (where / git("rev-parse", "--git-dir") / "info").mkdir(exist_ok=True)
    (where / git("rev-parse", "--git-dir") / "info" / "attributes").write_text("* diff=evil filter=evil\n")
    git("tag", "-a", "-m", "a tag", "one")
    for name in ("post-index-change", "reference-transaction", "fsmonitor-watchman"):
        shutil.copy(script, where / git("rev-parse", "--git-dir") / "hooks" / name)
    for name, value in {**dict.fromkeys(COMMANDS, str(script)), **ODD}.items():
        git("config", name, value)
    git("config", "alias.log", f"!{script}")
    git("config", "remote.origin.url", f"ext::{script}")
    git("config", "remote.origin.promisor", "true")
    git("config", "protocol.ext.allow", "always")
    ran.unlink(missing_ok=True)
    assert places(scan(app.path)) == before
    assert not ran.exists()
    list(scan(where, staged=True))
    list(scan(where, commits="HEAD~1..HEAD"))
    assert not ran.exists()


def test_the_environment_of_a_hook_is_ignored_elsewhere(app, library, monkeypatch):
    """Git passes its index to hooks; another repository has another index."""
    monkeypatch.chdir(app.path)
    before = places(scan("."))
    monkeypatch.setenv("GIT_DIR", ".git")
    monkeypatch.setenv("GIT_INDEX_FILE", ".git/index")
    monkeypatch.setenv("GIT_PREFIX", "")
    monkeypatch.setenv("GIT_WORK_TREE", os.fspath(app.path))
    assert places(scan(".")) == before


def test_replaced_and_grafted_objects_are_read(repo):
    """Replacements and grafts change what git shows, not what the repository contains."""
    first = repo.commit("one", a__py=f'key = "{PAST}"\n')
    second = repo.commit("two", a__py="", b__py=f'key = "{NOW}"\n')
    third = repo.commit("three", b__py="")
    blob = repo.git("rev-parse", f"{first}:a.py").strip()
    empty = repo.git("rev-parse", "HEAD:a.py").strip()
    repo.git("replace", blob, empty)
    repo.put(".git/info/grafts", f"{third}\n{second}\n")
    assert places(scan(repo.path)) == [("a.py", PAST, first), ("b.py", NOW, second)]


def partial(repo, tmp_path, what):
    """A partial clone whose past changes in hundreds of commits."""
    log = b"".join(
        b"commit refs/heads/main\ncommitter Jo <jo@coach.example> %d +0000\ndata 1\nx\n"
        b"M 100644 inline f%d.py\ndata <<END\nx = %d\nEND\n" % (1_600_000_000 + at, at % 20, at)
        for at in range(400)
    )
    subprocess.run(["git", "fast-import", "--quiet"], input=log, cwd=repo.path, check=True)
    repo.git("reset", "--hard", "--quiet")
    repo.commit(f"with {PAST}", now__py=f'key = "{NOW}"\n')
    repo.git("config", "uploadpack.allowFilter", "true")
    clone = tmp_path / "partial"
    subprocess.run(["git", "clone", "-q", f"--filter={what}", repo.path.as_uri(), str(clone)], check=True)
    return clone


@pytest.mark.parametrize("what", ["blob:none", "tree:0", "blob:limit=12"])
def test_a_partial_clone_is_reported_once_without_a_fetch(repo, tmp_path, what):
    """Missing files are reported once; messages and present files are scanned."""
    clone = partial(repo, tmp_path, what)

    def count():
        said = subprocess.run(
            ["git", "rev-list", "--objects", "--all", "--missing=print"], cwd=clone, capture_output=True, check=True
        )
        return said.stdout.count(b"\n?")

    before = count()
    scanned = scan(clone)
    assert sorted(leak.value for leak in scanned) == sorted([NOW, PAST])
    assert count() == before
    assert len(scanned.unread) == (before > 0)
    assert not before or "--refetch" in scanned.unread[0].reason
