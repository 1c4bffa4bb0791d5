"""Git, asked as a program: read-only plumbing, whatever the user's configuration says."""

import contextlib
import os
import subprocess
import sys
import threading
from collections.abc import Iterable, Iterator, Sequence
from functools import cached_property
from typing import IO, Self

from launchready.secrets.hits import Unread

_SAFE = (
    "-c", "core.quotePath=false", "-c", "color.ui=false", "-c", "core.fsmonitor=false", "-c", "log.showSignature=false",
    "-c", "diff.external=", "-c", "core.attributesFile=/dev/null", "-c", "core.hooksPath=/dev/null",
    "-c", "advice.graftFileDeprecated=false", "-c", "log.follow=false",
)  # fmt: skip


class GitError(Exception):
    """Git said no; the message is its own first line."""


def available() -> bool:
    """Whether there is a git to ask."""
    if sys.platform == "win32":
        import shutil  # noqa: PLC0415 - with it come four modules that unpack archives

        return shutil.which("git") is not None
    folders = os.environ.get("PATH", os.defpath).split(os.pathsep)
    return any(os.access(os.path.join(folder, "git"), os.X_OK) for folder in folders)  # noqa: PTH118


def command(repo: str, *args: str) -> list[str]:
    return ["git", "--no-pager", *_SAFE, "-C", repo, *args]


#: What git tells its hooks of the repository that they run in. One in it is another.
_ELSEWHERE = (
    "GIT_DIR", "GIT_WORK_TREE", "GIT_COMMON_DIR", "GIT_OBJECT_DIRECTORY", "GIT_ALTERNATE_OBJECT_DIRECTORIES",
    "GIT_PREFIX", "GIT_NAMESPACE", "GIT_EXTERNAL_DIFF", "GIT_INDEX_FILE",
)  # fmt: skip


def environment(repo: str, *, index: bool = False) -> dict[str, str]:
    """Never a prompt, never a lock, never an object fetched from a promisor; messages in English.

    A repository that has a ``.git`` is found by it, whatever a hook's environment names; only what is about to be
    committed may stand in another ``index``, as in "git commit -a". Nothing hides objects: neither replacements nor
    grafts.
    """
    own = os.path.lexists(os.path.join(repo, ".git"))  # noqa: PTH118
    dropped = {name for name in _ELSEWHERE if own or name == "GIT_INDEX_FILE"} - (
        {"GIT_INDEX_FILE"} if index else set()
    )
    return {
        **{name: value for name, value in os.environ.items() if name not in dropped},
        "GIT_OPTIONAL_LOCKS": "0",
        "GIT_TERMINAL_PROMPT": "0",
        "GIT_NO_LAZY_FETCH": "1",
        "GIT_ALLOW_PROTOCOL": "none",  # git before 2.39.4 does not know the line above
        "GIT_NO_REPLACE_OBJECTS": "1",
        "GIT_GRAFT_FILE": os.devnull,
        "LC_ALL": "C",
        "GIT_PAGER": "cat",
    }


def output(repo: str, *args: str, given: bytes | None = None) -> bytes:
    """What a command prints. Raises GitError."""
    try:
        done = subprocess.run(  # noqa: S603 - git itself
            command(repo, *args), input=given, capture_output=True, check=False, env=environment(repo)
        )
    except OSError as error:
        raise GitError(str(error)) from None
    if done.returncode:
        raise GitError(said(done.stderr) or f"git {args[0]} failed")
    return done.stdout


def said(stderr: bytes) -> str:
    """The first line of what git complains of, and how an owner lets it read what belongs to another account."""
    first, _, more = stderr.decode("utf-8", "replace").strip().partition("\n")
    trust = next((line.strip() for line in more.split("\n") if "safe.directory" in line), "")
    return f"{first}; if you trust it: {trust}" if trust else first


def refusal(path: str) -> str:
    """Why git reads no repository here, in its own words."""
    try:
        output(path, "rev-parse", "--git-dir")
    except GitError as error:
        return str(error)
    return "there is no work tree"


def top(path: str) -> str | None:
    """The root of the work tree that holds a path, the path itself for a bare repository, None outside of git."""
    try:
        inside = os.fsdecode(output(path, "rev-parse", "--is-bare-repository", "--show-toplevel")).split("\n")
    except GitError:
        try:
            return path if output(path, "rev-parse", "--is-bare-repository").strip() == b"true" else None
        except GitError:
            return None
    return inside[1] if len(inside) > 1 and inside[1] else path


PARTIAL = Unread(
    "(history)",
    "a partial clone, without the files of some commits; fetch them: git fetch --refetch --no-filter",
)


class Blobs:
    """Reads objects by name through one ``git cat-file --batch``, started when the first is asked for."""

    def __init__(self, repo: str, bound: int) -> None:
        self._repo, self._bound = repo, bound
        self._process: subprocess.Popen[bytes] | None = None

    def read(self, name: str) -> tuple[bytes, bool] | None:
        """The bytes, up to the bound, and whether that was all; None for an object that is not there."""
        ask, answer = self._pipes()
        try:
            ask.write(name.encode() + b"\n")
            ask.flush()
            head = answer.readline().split()
        except OSError:
            return None
        if len(head) != 3 or not head[2].isdigit():
            if not head:
                self.close()  # it stopped at a broken object: the next one gets a new process
            return None
        return self._content(answer, int(head[2]))

    @cached_property
    def partial(self) -> bool:
        """Whether objects are missing because a clone left them out."""
        with contextlib.suppress(GitError):
            return bool(output(self._repo, "config", "--get-regexp", r"^remote\..*\.promisor$"))
        return False

    def missing(self, path: str, name: str, commit: str) -> Unread:
        """What to say of an object that cannot be read."""
        at = f" (commit {commit[:12]})" if commit else ""
        return PARTIAL if self.partial else Unread(path, f"object {name[:12]} is missing or broken{at}")

    def _content(self, answer: IO[bytes], size: int) -> tuple[bytes, bool] | None:
        data = answer.read(min(size, self._bound))
        rest = size - len(data)
        while rest > 0:
            chunk = answer.read(min(rest, 1 << 20))
            if not chunk:
                self.close()
                return None
            rest -= len(chunk)
        answer.read(1)
        return data, size <= self._bound

    def _pipes(self) -> tuple[IO[bytes], IO[bytes]]:
        if self._process is None:
            self._process = subprocess.Popen(  # noqa: S603
                command(self._repo, "cat-file", "--batch"),
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                env=environment(self._repo),
            )
        if self._process.stdin is None or self._process.stdout is None:
            raise GitError("no pipes")
        return self._process.stdin, self._process.stdout

    def close(self) -> None:
        process, self._process = self._process, None
        if process is None:
            return
        for pipe in (process.stdin, process.stdout):
            if pipe is not None:
                with contextlib.suppress(OSError):
                    pipe.close()
        process.wait()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def lines(repo: str, args: Sequence[str], given: Iterable[str], *, index: bool = False) -> Iterator[bytes]:
    """Standard output of a command, in pieces of about a megabyte; GitError at its end when it failed."""
    process = subprocess.Popen(  # noqa: S603
        command(repo, *args),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=environment(repo, index=index),
    )
    if process.stdin is None or process.stdout is None or process.stderr is None:
        raise GitError("no pipes")
    complaint: list[bytes] = []
    listener = threading.Thread(target=_listen, args=(process.stderr, complaint), daemon=True)
    listener.start()
    try:
        process.stdin.write("".join(f"{one}\n" for one in given).encode())
        process.stdin.close()
        while piece := process.stdout.read(1 << 20):
            yield piece
        listener.join()
        if process.wait():
            raise GitError(said(b"".join(complaint)) or "git stopped")
    finally:
        if process.poll() is None:
            process.kill()
        process.stdout.close()
        listener.join()
        process.stderr.close()
        process.wait()


def _listen(stderr: IO[bytes], said: list[bytes]) -> None:
    """Reads what git complains of as it comes: a full pipe would stop it. The first words are kept."""
    while piece := stderr.read1(4096):  # type: ignore[attr-defined]
        if not said:
            said.append(piece)
