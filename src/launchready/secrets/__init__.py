"""The secrets scan: what was committed, or is about to be, that opens something. Offline, and never validated anywhere.

``scan(path)`` looks at the files and at the whole history; ``text.find`` at one text. From the bytes inward: ``tree``,
``history`` and ``patches`` bring files and what commits added, ``data`` unpacks and decodes, ``text`` runs the readers
(``tokens``, ``urls``, ``pairs``, ``blocks``, ``commands``, ``formats``, ``encoded``), and ``judge`` tells a secret from
what stands in its place. The rules are data, in ``launchready.vendors`` and ``names``.
"""

from collections.abc import Sequence
from os import PathLike, fspath

from launchready.secrets.hits import Unread
from launchready.secrets.scanner import Options, Progress, Scan

TYPE_CHECKING = False

if TYPE_CHECKING:
    from launchready.secrets.leak import Leak


def scan(
    path: str | PathLike[str] = ".",
    *,
    history: bool = True,
    staged: bool = False,
    commits: str | None = None,
    files: bool = True,
    engines: Sequence[str] = (),
    progress: Progress | None = None,
) -> Scan:
    """Looks for secrets, and yields a ``Leak`` for each place that one stands in, the worst first.

    - ``path``: a folder or a file. In a git repository: the files that git would commit, and with ``history`` every
      commit of every ref, merges and messages included.
    - ``staged``: only what is about to be committed. ``commits``: only a range, "main..HEAD".
    - ``files=False``: the history alone. ``engines``: second opinions of "gitleaks", "betterleaks", "kingfisher".
    - ``progress``: called with portions done and portions in all.
    - Bounded: a file up to 1 GB in windows, archives up to 256 MB unpacked and two deep. What was not read to its end
      is in ``unread`` of what is returned; what was accepted for a while in ``accepted``.
    - ConfigError for a path that is not there, and for a range or an index without a repository.
    """
    options = Options(files, history, staged, commits, tuple(engines), None, progress)
    return Scan(fspath(path), options)


def __getattr__(name: str) -> object:
    if name == "Leak":  # loaded with the first leak: see ``scanning``
        from launchready.secrets.leak import Leak  # noqa: PLC0415

        return Leak
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


__all__ = ["Leak", "Scan", "Unread", "scan"]
