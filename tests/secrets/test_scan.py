"""``launchready.secrets.scan``: coverage, masking, and behaviour on broken input."""

import hashlib
import io
import json
import os
import shutil
import subprocess
import sys
import zipfile

import planted
import pytest

from launchready.cli import main
from launchready.errors import ConfigError
from launchready.secrets import Leak, scan

MAKE = planted.Maker(7)
STRIPE = MAKE.make("stripe")
GITHUB = MAKE.make("github")


def values(scanned):
    return {leak.value for leak in scanned}


@pytest.mark.parametrize("seed", [11, 12])
def test_planted_secrets_are_found(seed, tmp_path):
    """On generated repositories, recall and precision meet the bars, and allowed lines are skipped."""
    marks = planted.plant(str(tmp_path), seed)
    scanned = scan(tmp_path)
    leaks = list(scanned)
    assert scanned.unread == []
    found = planted.found(marks, values(leaks))
    secret = [mark for mark in marks if mark.kind == "secret"]

    def recall(some):
        some = list(some)
        return sum(mark in found for mark in some) / len(some)

    assert recall(secret) >= 0.95
    assert recall(mark for mark in secret if not mark.hard) >= 0.97
    assert recall(mark for mark in secret if mark.hard) >= 0.85
    assert recall(mark for mark in secret if mark.state == "history") >= 0.95
    known = ["".join(mark.value.replace("\\n", "").split()) for mark in marks if mark.value]
    wrong = [leak for leak in leaks if not any(flat(leak) in one or one in flat(leak) for one in known)]
    assert len(found) / (len(found) + len(wrong)) >= 0.97
    assert not {mark.value for mark in marks if mark.kind == "allowed"} & values(leaks)


def flat(leak):
    return "".join(leak.value.replace("\\n", "").split())


def test_a_leak_has_line_commit_and_steps(repo):
    """A leak has its current line, its oldest commit, and the steps with revoking first."""
    first = repo.commit("one", app__py=f'x = 1\nkey = "{STRIPE}"\n')
    repo.commit("two", app__py=f'x = 1\ny = 2\nkey = "{STRIPE}"\n')
    [leak] = scan(repo.path)
    assert (leak.path, leak.line, leak.commit, leak.rule) == ("app.py", 3, first, "stripe-live-key")
    assert leak.severity == "critical"
    assert leak.fix.startswith("1. Revoke: dashboard.stripe.com")
    assert [step[0] for step in leak.steps] == list("12345")


def test_a_value_is_never_shown(repo):
    """repr, str and to_dict mask the value."""
    repo.commit(app__py=f'key = "{STRIPE}"\n')
    [leak] = scan(repo.path)
    assert leak.value == STRIPE
    assert STRIPE[8:] not in f"{leak!r} {leak} {leak.to_dict()}"


def test_fingerprints_have_no_line_and_no_path(repo):
    """A secret has one fingerprint at every place and in every clone; another secret has another."""
    repo.commit(a__py=f'key = "{STRIPE}"\n', b__py=f'\n\nkey = "{STRIPE}"\ntoken = "{GITHUB}"\n')
    prints = {(leak.value, leak.fingerprint) for leak in scan(repo.path)}
    assert len(prints) == 2
    clone = repo.path.parent / "clone"
    subprocess.run(["git", "clone", "-q", repo.path, clone], check=True)
    assert {(leak.value, leak.fingerprint) for leak in scan(clone)} == prints


def test_history_of_all_refs(repo):
    """Deleted files, other branches, a stash, tag messages and commit messages are scanned."""
    made = {name: MAKE.make("github") for name in ("deleted", "branch", "stash", "tag", "message")}
    repo.commit(gone__py=f"token = '{made['deleted']}'\n", keep__py="x = 1\n")
    (repo.path / "gone.py").unlink()
    repo.commit(f"remove, was {made['message']}")
    repo.git("checkout", "-qb", "other")
    repo.commit(other__py=f"token = '{made['branch']}'\n")
    repo.git("checkout", "-q", "main")
    repo.put("keep.py", f"token = '{made['stash']}'\n")
    repo.git("stash", "-q")
    repo.git("tag", "-a", "v1", "-m", f"key {made['tag']}")
    found = {leak.value: leak for leak in scan(repo.path)}
    assert found.keys() == set(made.values())
    assert not any(leak.in_files for leak in found.values())
    assert found[made["message"]].path == "(commit message)"


def test_additions_of_a_merge(repo):
    """A line and a file that only the merge added are found."""
    repo.commit(base__py="x = 1\n")
    repo.git("checkout", "-qb", "side")
    repo.commit(side__py="y = 1\n")
    repo.git("checkout", "-q", "main")
    repo.commit(main__py="z = 1\n")
    repo.git("merge", "-q", "--no-commit", "--no-ff", "side")
    merge = repo.commit("merge", side__py=f"y = 1\nkey = '{STRIPE}'\n", new__py=f"token = '{GITHUB}'\n")
    (repo.path / "new.py").unlink()
    repo.commit(side__py="y = 1\n")
    assert {(leak.value, leak.commit) for leak in scan(repo.path)} == {(STRIPE, merge), (GITHUB, merge)}


def test_every_stash(repo):
    """Older stashes, which are only in the stash's reflog, are scanned as well."""
    repo.commit(a__py="a\n")
    repo.put("a.py", f"key = '{STRIPE}'\n")
    repo.git("stash")
    repo.put("a.py", "b\n")
    repo.git("stash")
    assert values(scan(repo.path)) == {STRIPE}


def test_a_broken_index(repo):
    """A broken index is reported as unread, without a traceback."""
    repo.commit(a__py=f"key = '{STRIPE}'\n")
    repo.put(".git/index", "junk")
    scanned = scan(repo.path, staged=True)
    assert (list(scanned), scanned.unread[0].path) == ([], "(index)")
    assert values(scan(repo.path)) == {STRIPE}


def test_a_range(repo):
    """Only the commits of the range count; an invalid range raises ConfigError."""
    old = repo.commit(a__py=f"key = '{STRIPE}'\n")
    repo.commit(b__py=f"token = '{GITHUB}'\n")
    assert values(scan(repo.path, commits=f"{old}..HEAD")) == {GITHUB}
    with pytest.raises(ConfigError, match="invalid range"):
        list(scan(repo.path, commits="nowhere..HEAD"))
    for none in ("--output=/tmp/x", "HEAD^{tree}", "HEAD:b.py", ""):
        with pytest.raises(ConfigError, match="invalid range"):
            list(scan(repo.path, commits=none))
    assert values(scan(repo.path, commits=f"{old}..{old}")) == set()
    assert values(scan(repo.path / "b.py", commits="HEAD")) == {GITHUB}


def test_a_range_from_commit_zero(repo):
    """Code hosts name the first push of a branch as a range from commit 0000..."""
    repo.commit(a__py=f"key = '{STRIPE}'\n")
    assert values(scan(repo.path, commits=f"{'0' * 40}..HEAD")) == {STRIPE}


def test_staged(repo):
    """The index is scanned, not the work tree, and also before the first commit."""
    repo.put("app.py", f"key = '{STRIPE}'\n")
    repo.git("add", "app.py")
    repo.put("app.py", "key = None\n")
    repo.put("later.py", f"token = '{GITHUB}'\n")
    assert values(scan(repo.path, staged=True)) == {STRIPE}
    assert values(scan(repo.path / "app.py", staged=True)) == {STRIPE}
    assert values(scan(repo.path / "later.py", staged=True)) == set()
    repo.git("commit", "-qm", "oops")
    assert values(scan(repo.path, staged=True)) == set()


def test_a_changed_line_is_read_in_context(repo):
    """A value in a plist or YAML file is found through its neighbours; unchanged secrets are not reported."""
    old, new = MAKE.make("twilioauth"), MAKE.make("twilioauth")
    text = "<plist><dict>\n<key>TwilioAuthToken</key>\n<string>{}</string>\n<key>A</key>\n<string>b</string>\n</dict></plist>\n"
    repo.commit(Info__plist=text.format(old))
    repo.put("Info.plist", text.format(new))
    repo.git("add", "-A")
    assert values(scan(repo.path, staged=True)) == {new}


def test_files_that_git_ignores_are_not_committed(repo):
    """An ignored .env is not scanned; a new file that is not ignored is."""
    repo.commit(__gitignore=".env\n")
    repo.put(".env", f"KEY={STRIPE}\n")
    assert list(scan(repo.path)) == []
    repo.put("new.py", f"key = '{STRIPE}'\n")
    assert [leak.path for leak in scan(repo.path)] == ["new.py"]


def test_a_single_file(tmp_path):
    """``--path`` scans one file outside of any repository."""
    chat = tmp_path / "chat.txt"
    chat.write_text(f"Jo: the password is Walnut#7731\nMia: and the key {STRIPE}\n")
    assert {(leak.line, leak.value) for leak in scan(chat)} == {(1, "Walnut#7731"), (2, STRIPE)}


def test_the_users_configuration_of_git_changes_nothing(repo):
    """Prefixes, colours, quoting and external diff programs have no effect."""
    first = repo.commit(**{"häß lich__py": f"key = '{STRIPE}'\n"})
    for name, value in (("diff.noprefix", "true"), ("color.ui", "always"), ("diff.external", "false"), ("diff.mnemonicPrefix", "true"),
                        ("log.showSignature", "true"), ("diff.algorithm", "patience"), ("core.quotePath", "true"), ("diff.renames", "copies")):  # fmt: skip
        repo.git("config", name, value)
    [leak] = scan(repo.path)
    assert (leak.path, leak.commit) == ("häß lich.py", first)
    (repo.path / "häß lich.py").unlink()
    repo.commit()
    [leak] = scan(repo.path)
    assert (leak.path, leak.line, leak.commit) == ("häß lich.py", 1, first)


def test_attributes_hide_nothing(repo):
    """A file that .gitattributes declares binary is scanned as well."""
    repo.commit(__gitattributes="*.py -diff\n", app__py=f"key = '{STRIPE}'\n")
    (repo.path / "app.py").unlink()
    repo.commit()
    assert values(scan(repo.path)) == {STRIPE}


# Broken input is bounded and reported.


def test_no_git_repository(tmp_path):
    """Files are scanned with a note; --staged and --range raise ConfigError."""
    (tmp_path / "app.py").write_text(f"key = '{STRIPE}'\n")
    scanned = scan(tmp_path)
    assert values(scanned) == {STRIPE}
    assert "not a git repository" in scanned.notes[0]
    with pytest.raises(ConfigError, match="not in a git repository"):
        list(scan(tmp_path, staged=True))
    with pytest.raises(ConfigError, match="does not exist"):
        list(scan(tmp_path / "nowhere"))


def test_git_is_not_installed(repo, monkeypatch):
    """Files are scanned, and the history is reported as unread."""
    repo.commit(app__py=f"key = '{STRIPE}'\n")
    monkeypatch.setenv("PATH", os.devnull)
    scanned = scan(repo.path)
    assert values(scanned) == {STRIPE}
    assert "git is not installed" in scanned.unread[0].reason


def break_object(repo, name):
    """Damage one object."""
    repo.git("gc", "-q", check=False)
    for pack in list((repo.path / ".git/objects/pack").glob("*.pack")):
        data = pack.read_bytes()
        for side in pack.parent.glob(pack.stem + ".*"):
            side.chmod(0o600)
            side.unlink()
        subprocess.run(["git", "unpack-objects", "-q"], input=data, cwd=repo.path, check=True)
    file = repo.path / ".git/objects" / name[:2] / name[2:]
    file.chmod(0o600)
    file.write_bytes(b"broken")


@pytest.mark.parametrize("what", ["blob", "tree", "commit"])
def test_broken_objects_cost_their_own_file(repo, what):
    """The rest of the history is scanned, and the broken object is reported."""
    repo.commit("one", a__py=f"key = '{STRIPE}'\n")
    middle = repo.commit("two", b__py="x = 1\n" * 30)
    repo.commit("three", c__py=f"token = '{GITHUB}'\n")
    names = {"blob": f"{middle}:b.py", "tree": f"{middle}^{{tree}}", "commit": middle}
    break_object(repo, repo.git("rev-parse", names[what]).strip())
    scanned = scan(repo.path)
    assert values(scanned) >= {STRIPE, GITHUB}
    assert scanned.unread


def test_an_invalid_repository(tmp_path):
    """If git rejects .git, files are scanned and the history is reported as unread."""
    (tmp_path / ".git").mkdir()
    (tmp_path / "app.py").write_text(f"key = '{STRIPE}'\n")
    scanned = scan(tmp_path)
    assert values(scanned) == {STRIPE}
    assert scanned.unread


def test_a_shallow_clone_is_incomplete(repo, tmp_path):
    """The missing older commits are reported as unread."""
    repo.commit(a__py="x = 1\n")
    repo.commit(a__py="x = 2\n")
    subprocess.run(["git", "clone", "-q", "--depth", "1", repo.path.as_uri(), tmp_path / "shallow"], check=True)
    scanned = scan(tmp_path / "shallow")
    assert list(scanned) == []
    assert "shallow" in scanned.unread[0].reason


def test_a_zip_bomb(tmp_path):
    """A zip bomb is unpacked up to the bound."""
    with zipfile.ZipFile(tmp_path / "bomb.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        for number in range(5):
            with archive.open(f"{number}.txt", "w") as member:
                for _ in range(80):
                    member.write(b"\0" * (1 << 20))
    scanned = scan(tmp_path)
    assert list(scanned) == []
    assert any("unpacks to more than" in one.reason for one in scanned.unread)


def test_nested_archives(tmp_path):
    """Archives are unpacked two deep; deeper ones are reported."""
    inner = f"KEY={STRIPE}\n".encode()
    for depth in range(3):
        pack = io.BytesIO()
        with zipfile.ZipFile(pack, "w") as archive:
            archive.writestr(".env" if depth == 0 else "inner.zip", inner)
        inner = pack.getvalue()
        (tmp_path / f"{depth + 1}.zip").write_bytes(inner)
    scanned = scan(tmp_path)
    assert {leak.path for leak in scanned} == {"1.zip!/.env", "2.zip!/inner.zip!/.env"}
    assert [one.path.split("!")[0] for one in scanned.unread] == ["3.zip"]


def test_a_broken_archive(tmp_path):
    """A broken archive is reported, and its raw bytes are scanned."""
    (tmp_path / "cut.zip").write_bytes(b"PK\x03\x04" + b"\0" * 40 + STRIPE.encode() + b"\0" * 40)
    scanned = scan(tmp_path)
    assert values(scanned) == {STRIPE}
    assert "broken" in scanned.unread[0].reason


SEALED = {
    "a.pdf": b"%PDF-1.7\n1 0 obj <</Filter /FlateDecode>> stream\n",
    "b.pdf": b"%PDF-1.7\ntrailer <</Encrypt 4 0 R>>",
    "c.7z": b"7z\xbc\xaf\x27\x1c\0\4",
    "d.rar": b"Rar!\x1a\x07\x01\0",
    "e.zst": b"\x28\xb5\x2f\xfd\0",
}


@pytest.mark.parametrize("name", SEALED)
def test_unsupported_formats_are_reported(tmp_path, name):
    """Compressed PDFs and unsupported archives are reported, alone and inside a zip."""
    (tmp_path / name).write_bytes(SEALED[name])
    with zipfile.ZipFile(tmp_path / "all.zip", "w") as archive:
        archive.writestr(name, SEALED[name])
    scanned = scan(tmp_path)
    assert list(scanned) == []
    assert sorted(one.path for one in scanned.unread) == sorted([name, f"all.zip!/{name}"])


def test_a_plain_pdf_is_read(tmp_path):
    """An uncompressed PDF is scanned."""
    (tmp_path / "a.pdf").write_bytes(b"%PDF-1.1\nBT (" + STRIPE.encode() + b") Tj ET")
    scanned = scan(tmp_path)
    assert (values(scanned), scanned.unread) == ({STRIPE}, [])


def test_explicit_paths(tmp_path):
    """A named link is followed, a pipe is reported, and a dangling link does not exist."""
    (tmp_path / "a.py").write_text(f"key = '{STRIPE}'\n")
    (tmp_path / "link.py").symlink_to("a.py")
    (tmp_path / "nowhere").symlink_to("gone")
    os.mkfifo(tmp_path / "pipe")
    assert values(scan(tmp_path / "link.py")) == {STRIPE}
    pipe = scan(tmp_path / "pipe")
    assert (list(pipe), [one.reason for one in pipe.unread]) == ([], ["a pipe, socket or device: not read"])
    with pytest.raises(ConfigError, match="does not exist"):
        list(scan(tmp_path / "nowhere"))


def test_a_loop_of_links_and_odd_files(tmp_path):
    """Links are not followed, and pipes are not opened."""
    (tmp_path / "a").mkdir()
    (tmp_path / "a/b").symlink_to(tmp_path)
    (tmp_path / "self").symlink_to(tmp_path / "self")
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "a/x.py").write_text(f"key = '{STRIPE}'\n")
    scanned = scan(tmp_path)
    assert [leak.path for leak in scanned] == ["a/x.py"]
    assert scanned.unread == []


def test_a_file_of_two_gigabytes(tmp_path):
    """The file is read in windows up to the bound, and the rest is reported."""
    with (tmp_path / "huge.log").open("wb") as file:
        file.write(f"key = '{STRIPE}'\n".encode())
        file.seek((1 << 31) - 1)
        file.write(b"\0")
    scanned = scan(tmp_path)
    assert values(scanned) == {STRIPE}
    assert "only the first" in scanned.unread[0].reason


def test_a_secret_on_the_border_of_windows(tmp_path):
    """Windows overlap: no secret is lost between them, and lines are counted across them."""
    line = b"x" * 99 + b"\n"
    before = (8 << 20) - 1000
    text = (line * (before // 100))[:before] + b"\n" + f"token = '{GITHUB}'\n".encode() * 20 + line * 20_000
    (tmp_path / "app.log").write_bytes(text)
    lines = sorted(leak.line for leak in scan(tmp_path))
    first = text.count(b"\n", 0, text.index(b"token")) + 1
    assert lines == list(range(first, first + 20))


def test_a_file_name_that_is_not_utf8(repo):
    """A file whose name is not UTF-8 is scanned."""
    name = os.fsencode(repo.path) + b"/caf\xe9.py"
    with open(name, "wb") as file:  # noqa: PTH123 - pathlib rejects the name
        file.write(f"key = '{STRIPE}'\n".encode())
    repo.commit()
    assert values(scan(repo.path)) == {STRIPE}


@pytest.mark.skipif(sys.platform != "linux", reason="names that are bytes")
@pytest.mark.parametrize("form", ["text", "json", "md", "html", "sarif", "junit"])
def test_a_folder_name_that_is_not_utf8(new, tmp_path, capsys, form):
    """The repository folder, and a folder in it, in every format."""
    made = new(tmp_path / os.fsdecode(b"caf\xe9"))
    made.put(os.fsdecode(b"caf\xe9/a.py"), f"key = '{STRIPE}'\n")
    made.commit()
    for where in (made.path, made.path / os.fsdecode(b"caf\xe9")):
        assert main(["secrets", str(where), "--format", form]) == 1
        assert "caf\ufffd" in capsys.readouterr().out


@pytest.mark.skipif(sys.platform == "win32", reason="names that Windows has not")
def test_names_that_git_quotes(repo):
    """Index, files and history give the same path, so the secret has one place."""
    names = ["two words.py", 'a"quote.py', "a\nline.py", "a\ttab.py", "back\\slash.py", "b/ b/é.py", "-x.py"]
    for name in names:
        repo.put(name, f"key = '{STRIPE}'\n")
    repo.git("add", "-A")
    assert sorted(leak.path for leak in scan(repo.path, staged=True)) == sorted(names)
    commit = repo.commit()
    assert sorted((leak.path, leak.commit) for leak in scan(repo.path)) == [(name, commit) for name in sorted(names)]


def test_a_folder_within_a_repository(repo):
    """Only the folder's files and history are scanned, with paths from the root."""
    repo.put("api/a.py", f"key = '{STRIPE}'\n")
    repo.put("web/b.py", f"token = '{GITHUB}'\n")
    repo.commit()
    assert [(leak.path, leak.value) for leak in scan(repo.path / "api")] == [("api/a.py", STRIPE)]


def test_all_cores_find_the_same(repo, monkeypatch):
    """Scans with and without worker processes yield the same leaks."""
    from launchready.secrets import worker_pool

    for number in range(6):
        repo.commit(f"n{number}", **{f"f{number}__py": f"token = '{MAKE.make('github')}'\n"})
    alone = list(scan(repo.path))
    monkeypatch.setattr(worker_pool, "COMMITS_PER_JOB", 2)
    monkeypatch.setattr(worker_pool, "_POOL_THRESHOLD", 1)
    monkeypatch.setattr(worker_pool, "_cores", lambda: 3)
    seen = []
    together = list(scan(repo.path, progress=lambda done, every: seen.append((done, every))))
    assert together == alone
    assert len(alone) == 6
    assert seen[-1][0] == seen[-1][1]


def test_a_dead_worker_is_reported(repo, monkeypatch):
    """The job of a dead worker is reported as unread, and the scan continues."""
    from launchready.secrets import worker_pool

    repo.commit(a__py=f"key = '{STRIPE}'\n")
    monkeypatch.setattr(worker_pool, "_POOL_THRESHOLD", 1)
    monkeypatch.setattr(worker_pool, "_cores", lambda: 2)
    monkeypatch.setattr(sys, "executable", shutil.which("true"))
    scanned = scan(repo.path)
    assert list(scanned) == []
    assert any("stopped" in one.reason for one in scanned.unread)


def test_memory_is_bounded(tmp_path):
    """Fifty megabytes of text need less than a hundred megabytes of memory, because they are read in windows."""
    text = b"the quick brown fox and the slot of monday\n" * 24_000
    (tmp_path / "big.txt").write_bytes(text * 50)
    code = (
        "import resource, sys; from launchready.secrets import scan;"
        "base = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss;"
        "list(scan(sys.argv[1])); print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - base)"
    )
    env = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    done = subprocess.run([sys.executable, "-c", code, tmp_path], check=True, capture_output=True, text=True, env=env)
    assert int(done.stdout) / 1024 < 100


def test_leak_is_frozen():
    """A leak is a value."""
    leak = Leak("a", 1, "", "r", "v", "f", "high", "fix")
    with pytest.raises(AttributeError):
        leak.path = "b"
    assert json.dumps(leak.to_dict())


CHOSEN = ["Sommer2024!", "correct-horse-battery-staple-9", "Summer2024!Summer2024!Summer2024!", "hunter22", "kX9!mQ2#"]


@pytest.mark.parametrize("value", CHOSEN)
def test_the_fingerprint_of_a_chosen_password_is_slow_to_guess(value):
    """The list of accepted findings is public, so guessing a password in it costs scrypt: 16 MB a guess."""
    from launchready.secrets.leak import fingerprint

    key = b"first commit"
    slow = hashlib.scrypt(value.encode(), salt=key, n=2**14, r=8, p=1, maxmem=2**26, dklen=8).hex()
    assert fingerprint("password", value, key) == f"password:{slow}"
    assert fingerprint("password", value, b"another project") != f"password:{slow}"


@pytest.mark.parametrize("value", [STRIPE, planted.Maker(3).make("hexsecret"), planted.Maker(3).make("github")])
def test_the_fingerprint_of_a_generated_key_is_fast(value):
    """A key with more than 100 bits cannot be found by guessing."""
    from launchready.secrets.leak import fingerprint

    fast = hashlib.blake2b(value.encode(), key=b"first commit", digest_size=8).hexdigest()
    assert fingerprint("token", value, b"first commit") == f"token:{fast}"
