"""Runs git as a program, with read-only plumbing commands that ignore the user's configuration."""

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
    """Git failed; the message is the first line of its error output."""


def available() -> bool:
    """Whether git is installed."""
    if sys.platform == "win32":
        import shutil  # noqa: PLC0415 - imports four modules that unpack archives

        return shutil.which("git") is not None
    folders = os.environ.get("PATH", os.defpath).split(os.pathsep)
    return any(os.access(os.path.join(folder, "git"), os.X_OK) for folder in folders)  # noqa: PTH118


def command(repo: str, *args: str) -> list[str]:
    return ["git", "--no-pager", *_SAFE, "-C", repo, *args]


#: Variables that git sets for hooks. They name the hook's repository, not the one to scan.
_REPOSITORY_VARIABLES = (
    "GIT_DIR", "GIT_WORK_TREE", "GIT_COMMON_DIR", "GIT_OBJECT_DIRECTORY", "GIT_ALTERNATE_OBJECT_DIRECTORIES",
    "GIT_PREFIX", "GIT_NAMESPACE", "GIT_EXTERNAL_DIFF", "GIT_INDEX_FILE",
)  # fmt: skip


def environment(repo: str, *, index: bool = False) -> dict[str, str]:
    """Environment for git: no prompts, no locks, no fetch of missing objects, messages in English.

    A repository with a ``.git`` is found by that, whatever a hook's environment says. ``index=True`` keeps
    GIT_INDEX_FILE, which "git commit -a" sets to a temporary index. Replacement objects and grafts are disabled, so
    nothing hides objects.
    """
    own = os.path.lexists(os.path.join(repo, ".git"))  # noqa: PTH118
    dropped = {name for name in _REPOSITORY_VARIABLES if own or name == "GIT_INDEX_FILE"} - (
        {"GIT_INDEX_FILE"} if index else set()
    )
    return {
        **{name: value for name, value in os.environ.items() if name not in dropped},
        "GIT_OPTIONAL_LOCKS": "0",
        "GIT_TERMINAL_PROMPT": "0",
        "GIT_NO_LAZY_FETCH": "1",
        "GIT_ALLOW_PROTOCOL": "none",  # git before 2.39.4 ignores GIT_NO_LAZY_FETCH
        "GIT_NO_REPLACE_OBJECTS": "1",
        "GIT_GRAFT_FILE": os.devnull,
        "LC_ALL": "C",
        "GIT_PAGER": "cat",
    }


def output(repo: str, *args: str, stdin: bytes | None = None) -> bytes:
    """Return the output of a command. Raises GitError."""
    try:
        result = subprocess.run(  # noqa: S603 - git with fixed options
            command(repo, *args), input=stdin, capture_output=True, check=False, env=environment(repo)
        )
    except OSError as error:
        raise GitError(str(error)) from None
    if result.returncode:
        raise GitError(error_text(result.stderr) or f"git {args[0]} failed")
    return result.stdout


def error_text(stderr: bytes) -> str:
    """Return the first line of an error, and the safe.directory command that git suggests."""
    first, _, more = stderr.decode("utf-8", "replace").strip().partition("\n")
    trust = next((line.strip() for line in more.split("\n") if "safe.directory" in line), "")
    return f"{first}; if you trust it, run: {trust}" if trust else first


def read_error(path: str) -> str:
    """Return git's reason for not reading a repository here."""
    try:
        output(path, "rev-parse", "--git-dir")
    except GitError as error:
        return str(error)
    return "there is no work tree"


def work_tree_root(path: str) -> str | None:
    """Return the root of the work tree at ``path``, ``path`` itself for a bare repository, or None outside of git."""
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
    "a partial clone lacks the files of some commits; fetch them with: git fetch --refetch --no-filter",
)


class Blobs:
    """Reads objects by id through one ``git cat-file --batch``, started on first use."""

    def __init__(self, repo: str, bound: int) -> None:
        self._repo, self._bound = repo, bound
        self._process: subprocess.Popen[bytes] | None = None

    def read(self, name: str) -> tuple[bytes, bool] | None:
        """Return (bytes up to the bound, whether complete), or None if the object is missing."""
        ask, answer = self._pipes()
        try:
            ask.write(name.encode() + b"\n")
            ask.flush()
            head = answer.readline().split()
        except OSError:
            return None
        if len(head) != 3 or not head[2].isdigit():
            if not head:
                self.close()  # git stopped at a broken object; the next read starts a new process
            return None
        return self._content(answer, int(head[2]))

    @cached_property
    def partial(self) -> bool:
        """Whether the clone is partial, so that objects may be missing."""
        with contextlib.suppress(GitError):
            return bool(output(self._repo, "config", "--get-regexp", r"^remote\..*\.promisor$"))
        return False

    def missing(self, path: str, name: str, commit: str) -> Unread:
        """Describe an object that cannot be read."""
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


def stream_output(repo: str, args: Sequence[str], stdin: Iterable[str], *, index: bool = False) -> Iterator[bytes]:
    """Yield the output of a command in pieces of about 1 MB. Raises GitError at the end if the command failed."""
    process = subprocess.Popen(  # noqa: S603
        command(repo, *args),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=environment(repo, index=index),
    )
    if process.stdin is None or process.stdout is None or process.stderr is None:
        raise GitError("no pipes")
    stderr_text: list[bytes] = []
    listener = threading.Thread(target=_listen, args=(process.stderr, stderr_text), daemon=True)
    listener.start()
    try:
        process.stdin.write("".join(f"{one}\n" for one in stdin).encode())
        process.stdin.close()
        while piece := process.stdout.read(1 << 20):
            yield piece
        listener.join()
        if process.wait():
            raise GitError(error_text(b"".join(stderr_text)) or "git stopped")
    finally:
        if process.poll() is None:
            process.kill()
        process.stdout.close()
        listener.join()
        process.stderr.close()
        process.wait()


def _listen(stderr: IO[bytes], first: list[bytes]) -> None:
    """Read stderr as it arrives, because a full pipe would block git. Only the first piece is kept."""
    while piece := stderr.read1(4096):  # type: ignore[attr-defined]
        if not first:
            first.append(piece)
