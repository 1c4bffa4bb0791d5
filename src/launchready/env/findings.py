"""Checks one environment: missing values, placeholders, and values meant for a developer's machine."""

import re
from collections.abc import Callable, Iterator

from launchready.env.idempotency_findings import idempotency_problems
from launchready.env.loaders import SAMPLES, Environment, EnvProblem
from launchready.secrets import git, value_checks
from launchready.secrets.file_context import context_of
from launchready.secrets.key_kinds import identify, kind_info
from launchready.secrets.key_names import key_kind
from launchready.secrets.scan_blob import Hit
from launchready.secrets.work_tree import hits

_YES = frozenset({"1", "true", "yes", "on", "t", "y"})
_LOCAL = re.compile(r"(?i)(?:^|[/@,\s=\[(])(?:localhost|127\.0\.0\.1|\[?::1\]?|host\.docker\.internal)(?=$|[:/,\s\])])")
_ADDRESS = re.compile(
    r"(?:^|_)(?:URL|URI|DSN|HOST|HOSTS|ORIGIN|ORIGINS|DOMAIN|ENDPOINT|BASE|SERVER|BROKER|BACKEND|CALLBACK)(?:_\w+)?$"
)
_BOUND = re.compile(r"(?:^|_)(?:BIND|LISTEN|ADDR|ADDRESS)(?:_|$)|^HOST$|^ALLOWED_HOSTS$|^INTERNAL_IPS$")
_UPLOADS = re.compile(r"(?:^|_)(?:MEDIA_ROOT|UPLOADS?_(?:DIR|FOLDER|PATH|ROOT)|UPLOADS?|STORAGE_(?:PATH|DIR|ROOT))$")
_DISK = re.compile(
    r"(?:^|[_.])(?:FILE_?STORAGE|DEFAULT_FILE_STORAGE|FILESYSTEM_(?:DISK|DRIVER)|STORAGE_(?:DRIVER|"
    r"BACKEND|TYPE)|STORAGES\.default\.BACKEND)$"
)
_CONFIG = re.compile(
    r"(?i)(?:^|/)(?:settings|config|configuration|secrets|constants)(?:[\w\-]*|/[\w\-]+)\.(?:py|js|ts|rb|php|go)$"
)


def find_problems(one: Environment, folder: str = ".", *, files: bool = True) -> list[EnvProblem]:
    """Return every problem of an environment, and with ``files`` also of the project in ``folder``."""
    checks: list[Callable[[Environment], Iterator[EnvProblem]]] = [missing, invalid, placeholders]
    if one.production:
        checks += [debugging, local, on_disk, test_keys, full_keys]
    found = [problem for check in checks for problem in check(one)]
    return found + (
        [*tracked_dotenv_files(folder), *secrets_in_files(folder), *idempotency_problems(one, folder)] if files else []
    )


def missing(one: Environment) -> Iterator[EnvProblem]:
    """ENV001: a required name is not set, or empty."""
    for name, where in one.required.items():
        if not one.values.get(name):
            state = "is empty" if name in one.values else "is not set"
            yield EnvProblem(
                "ENV001",
                name,
                one.at(name),
                f"{name} {state}; {where} requires it",
                f"Set {name} where {one.name} gets its environment.",
            )


def invalid(one: Environment) -> Iterator[EnvProblem]:
    """ENV001 as well: a line that dotenv readers do not parse as a variable."""
    for number in one.invalid:
        yield EnvProblem(
            "ENV001",
            f"line {number}",
            f"{one.where}:{number}",
            "the line is not a variable, so its name is not set",
            "Write it as NAME=value; quote a value with blanks.",
        )


def placeholders(one: Environment) -> Iterator[EnvProblem]:
    """ENV002: a placeholder that was never replaced."""
    for name, value in one.values.items():
        if (
            value
            and key_kind(name)
            and len(value) >= 4
            and "://" not in value
            and not identify(value)
            and _made_up(value)
        ):
            yield EnvProblem(
                "ENV002",
                name,
                one.at(name),
                f"{name} still holds a placeholder",
                f"Set the real value of {name}; everyone who reads the sample knows the placeholder.",
            )


def _made_up(value: str) -> bool:
    return value_checks.is_placeholder(value) or (
        value_checks.is_weak(value) and not value_checks.looks_random(value, 12)
    )


def debugging(one: Environment) -> Iterator[EnvProblem]:
    """ENV003: debug mode shows source code and settings on error pages."""
    for name, value in one.values.items():
        last = name.rpartition(".")[2]
        on = value.strip().lower() in _YES and (last == "DEBUG" or last.endswith("_DEBUG"))
        stage = last in {"FLASK_ENV", "NODE_ENV", "APP_ENV", "ENVIRONMENT", "RAILS_ENV"} and value.lower() in {
            "development",
            "dev",
            "local",
        }
        if on or stage:
            yield EnvProblem(
                "ENV003",
                name,
                one.at(name),
                f"{name} turns debugging on",
                (
                    f"Set {name}={'production' if stage else 'false'}: error pages would show code and settings to "
                    f"everyone."
                ),
            )


def local(one: Environment) -> Iterator[EnvProblem]:
    """ENV004: an address that only works on the developer's machine."""
    for name, value in one.values.items():
        last = name.rpartition(".")[2].upper()
        if _BOUND.search(last) or not (_ADDRESS.search(last) or "://" in value):
            continue
        if _LOCAL.search(value):
            yield EnvProblem(
                "ENV004",
                name,
                one.at(name),
                f"{name} points to this machine itself (localhost)",
                f"Set {name} to an address that customers' browsers or the other service can reach.",
            )


def on_disk(one: Environment) -> Iterator[EnvProblem]:
    """ENV005: most platforms delete the server's own disk at the next deploy."""
    for name, value in one.values.items():
        low = value.lower()
        if low.startswith("sqlite") or low.endswith((".sqlite", ".sqlite3", "backends.sqlite3")):
            yield EnvProblem(
                "ENV005",
                name,
                one.at(name),
                f"{name} keeps the database in a file (SQLite)",
                (
                    "Use PostgreSQL or MySQL, or make sure that the file is on a disk that survives a deploy, and "
                    "backed up."
                ),
            )
        elif (_UPLOADS.search(name) and "://" not in value and value) or (
            _DISK.search(name) and ("filesystem" in low or low in {"local", "file", "disk"})
        ):
            yield EnvProblem(
                "ENV005",
                name,
                one.at(name),
                f"{name} keeps uploads on the server's own disk",
                (
                    "Keep uploads in object storage (S3 and the like), or on a volume that survives a deploy, and "
                    "backed up."
                ),
            )


def test_keys(one: Environment) -> Iterator[EnvProblem]:
    """ENV010: test keys take no real payments."""
    for name, value in one.values.items():
        if identify(value) == "stripe-test-key" or (
            value.startswith(("pk_test_", "rzp_test_", "test_")) and key_kind(name)
        ):
            yield EnvProblem(
                "ENV010",
                name,
                one.at(name),
                f"{name} is a test key: customers pay, but no money moves",
                f"Set the live key in {name}; a restricted one is enough.",
            )


def full_keys(one: Environment) -> Iterator[EnvProblem]:
    """ENV011: an unrestricted key of a vendor that also issues restricted keys."""
    for name, value in one.values.items():
        if identify(value) == "stripe-live-key":
            yield EnvProblem(
                "ENV011",
                name,
                one.at(name),
                f"{name} is a full Stripe key (sk_live_)",
                "Make a restricted key (rk_live_) that may do only what the app does: dashboard.stripe.com/apikeys.",
            )


def tracked_dotenv_files(folder: str) -> Iterator[EnvProblem]:
    """ENV006: a dotenv file that git tracks."""
    for path in _listed(folder, "--cached"):
        base = path.rpartition("/")[2]
        if (base == ".env" or base.startswith(".env.")) and base not in SAMPLES and not context_of(path).sample:
            yield EnvProblem(
                "ENV006",
                base,
                path,
                f"git tracks {path}: everyone with the code has the keys",
                f"git rm --cached {path}; add it to .gitignore; then replace every secret in it: launchready secrets",
            )


def secrets_in_files(folder: str) -> Iterator[EnvProblem]:
    """ENV007: a configuration file of the project holds a secret that belongs into the environment."""
    for path in _listed(folder, "--cached", "--others", "--exclude-standard"):
        where = context_of(path)
        if where.env or where.test or where.lock or where.prose or not (where.config or _CONFIG.search(path)):
            continue
        for hit in hits(folder, path):
            if isinstance(hit, Hit) and kind_info(hit.rule).severity in {"critical", "high"}:
                yield EnvProblem(
                    "ENV007",
                    hit.rule,
                    f"{path}:{hit.line}",
                    f"{path} holds a secret ({hit.rule})",
                    'Read it from the environment: os.environ["NAME"]; in launchready.toml { env = "NAME" }.',
                )


def _listed(folder: str, *which: str) -> list[str]:
    """Return the paths that git lists; none outside of a repository."""
    if not git.available() or git.work_tree_root(folder) is None:
        return []
    try:
        text = git.output(folder, "ls-files", "-z", *which, "--", ".").decode("utf-8", "replace")
    except git.GitError:
        return []
    return [path for path in text.split("\0") if path]
