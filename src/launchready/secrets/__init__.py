"""The secrets scan: finds credentials in files, in git history, and in what is about to be committed. Works offline.

``scan(path)`` reads files and history; ``scan_text.find_secrets`` reads one text. ``work_tree``, ``history`` and
``patches`` supply files and commits, ``archives`` and ``decoding`` turn bytes into text. The readers
(``vendor_tokens``, ``urls``, ``key_values``, ``private_keys``, ``command_lines``, ``credential_files``,
``base64_text``) find candidates, and ``value_checks`` rejects placeholders. The rules are data, in
``launchready.vendors`` and ``key_names``. No secret is ever validated at its vendor.
"""

from collections.abc import Sequence
from os import PathLike, fspath

from launchready.secrets.hits import Unread
from launchready.secrets.scanner import Progress, Scan, ScanOptions

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
    """Scan for secrets. Iterating yields a ``Leak`` for each place of each secret, the most severe first.

    - ``path``: a folder or a file. In a git repository: the files that git would commit, and with ``history`` every
      commit of every ref, merges and messages included.
    - ``staged``: only what is about to be committed. ``commits``: only a range, "main..HEAD".
    - ``files=False``: only the history. ``engines``: also run "gitleaks", "betterleaks" or "kingfisher".
    - ``progress``: called with the number of finished jobs and of all jobs.
    - Bounds: files up to 1 GB, read in windows; archives up to 256 MB unpacked, nested two deep. ``unread`` of the
      result lists everything that was not read completely, ``accepted`` the accepted leaks.
    - Raises ConfigError for a missing path, and for a range or an index outside of a repository.
    """
    options = ScanOptions(files, history, staged, commits, tuple(engines), None, progress)
    return Scan(fspath(path), options)


def __getattr__(name: str) -> object:
    if name == "Leak":  # most scans find no leak, and need not import it
        from launchready.secrets.leak import Leak  # noqa: PLC0415

        return Leak
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


__all__ = ["Leak", "Scan", "Unread", "scan"]
