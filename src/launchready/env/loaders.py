"""Reads environments: a dotenv file, this process, a Django settings module, a pydantic-settings model."""

import importlib
import os
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from launchready.env import dotenv
from launchready.errors import ConfigError
from launchready.vendors import word_set

SAMPLES = (".env.example", ".env.sample", ".env.template", ".env.dist", "env.example", "example.env")
_PRODUCTION = frozenset({"production", "prod", "live"})
_OTHERS = word_set("staging stage development develop dev local test testing ci preview qa demo")
_STAGES = (
    "LAUNCHREADY_ENV",
    "ENVIRONMENT",
    "APP_ENV",
    "DJANGO_ENV",
    "FLASK_ENV",
    "NODE_ENV",
    "RAILS_ENV",
    "ENV",
    "STAGE",
)
_DEEPEST = 4


class EnvProblem(NamedTuple):
    """One problem: ``code`` is ENV001 and so on, ``name`` the variable. No field holds a value."""

    code: str
    name: str
    where: str
    what: str
    fix: str


class Environment(NamedTuple):
    """The variables of one deployment.

    - ``name``: for example "production". ``where``: the file or module. ``lines``: line numbers of a file, by variable.
    - ``required``: names that must be set, with their source: a sample file, a model, or the caller.
    - ``invalid``: numbers of lines that are not variables.
    """

    name: str
    where: str
    values: Mapping[str, str]
    lines: Mapping[str, int] = {}
    required: Mapping[str, str] = {}
    invalid: tuple[int, ...] = ()

    @property
    def production(self) -> bool:
        """Whether real customers use it. An environment that does not name itself counts as production."""
        if self.name.lower() in _PRODUCTION:
            return True
        if self.name.lower() in _OTHERS:
            return False
        stage = next((self.values[name].lower() for name in _STAGES if self.values.get(name)), "")
        return stage not in _OTHERS

    def at(self, name: str) -> str:
        """Return the position of a variable."""
        return f"{self.where}:{self.lines[name]}" if name in self.lines else self.where


def read(name: str, folder: Path | None = None) -> Environment:
    """Read an environment by name or source. Raises ConfigError that lists the alternatives.

    - "production": ``.env.production``, or the file that ``[env.production]`` names.
    - The path of a dotenv file; "process": this process.
    - "django": the settings module of DJANGO_SETTINGS_MODULE, or "django:coach.settings".
    - "coach.config:Settings": a pydantic-settings model.
    """
    here = folder or Path()
    if name == "process":
        return Environment("process", "this process", dict(os.environ))
    if name == "django" or name.startswith("django:"):
        return django_settings(name.partition(":")[2] or os.environ.get("DJANGO_SETTINGS_MODULE", ""), here)
    for path in (here / name, here / f".env.{name}", here / f"{name}.env", here / "env" / f"{name}.env"):
        if path.is_file():
            return dotenv_file(path, name if path != here / name else "")
    if ":" in name and "/" not in name:
        return settings_model(name, here)
    seen = sorted(path.name for path in here.glob(".env*") if path.is_file())
    hint = (
        f"this folder has {', '.join(seen)}"
        if seen
        else 'write "process" for this process, or the path of a dotenv file'
    )
    raise ConfigError([f"env: no environment {name!r}; {hint}"])


def default_source(folder: Path | None = None) -> str:
    """Return the default source: production's dotenv file, else .env, else this process."""
    here = folder or Path()
    return next((name for name in (".env.production", ".env.prod", ".env") if (here / name).is_file()), "process")


def dotenv_file(path: Path, name: str = "") -> Environment:
    """A dotenv file. ``required``: the names in the sample file beside it."""
    try:
        lines, invalid = dotenv.parse(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError([f"env: {path} cannot be read ({error})"]) from None
    stage = name or path.name.removeprefix(".env").strip(".") or path.stem
    return Environment(
        stage or "env",
        str(path),
        {line.name: line.value for line in lines},
        {line.name: line.number for line in lines},
        required(path.parent),
        tuple(invalid),
    )


def required(folder: Path) -> dict[str, str]:
    """Return the names in a sample file, with their position. Commented names and names with a default are optional."""
    for sample in SAMPLES:
        path = folder / sample
        if path.is_file():
            lines, _ = dotenv.parse(path.read_text(encoding="utf-8", errors="replace"))
            return {line.name: f"{path}:{line.number}" for line in lines}
    return {}


def import_module_of(name: str, folder: Path) -> Any:
    """Import a module of the project."""
    sys.path.insert(0, str(folder.resolve()))
    try:
        return importlib.import_module(name)
    except Exception as error:  # project code may raise anything
        raise ConfigError([f"env: {name} cannot be imported ({type(error).__name__}: {_short(error)})"]) from None
    finally:
        sys.path.remove(str(folder.resolve()))


def _short(error: BaseException) -> str:
    """Return an error's first line, without the values that a settings error may quote."""
    return str(error).split("\n")[0][:120] if isinstance(error, ImportError) else "see the module"


def django_settings(name: str, folder: Path) -> Environment:
    """Read a Django settings module: its names in capitals, nested ones with dots (DATABASES.default.ENGINE)."""
    if not name:
        raise ConfigError(["env: no settings module; write django:coach.settings, or set DJANGO_SETTINGS_MODULE"])
    module = import_module_of(name, folder)
    settings = {key: value for key, value in vars(module).items() if key.isupper()}
    return Environment(name.rpartition(".")[2], f"settings module {name}", dict(flatten(settings)))


def flatten(values: Mapping[str, Any], at: str = "", depth: int = 0) -> Iterator[tuple[str, str]]:
    """Flatten nested settings to names with dots."""
    for key, value in values.items():
        name = f"{at}.{key}" if at else str(key)
        if isinstance(value, Mapping) and depth < _DEEPEST:
            yield from flatten(value, name, depth + 1)
        elif isinstance(value, list | tuple):
            yield name, ",".join(map(str, value))
        elif value is not None:
            yield name, str(value)


def settings_model(name: str, folder: Path) -> Environment:
    """Read a pydantic-settings model: its required fields, and their values in this process."""
    module, _, attribute = name.partition(":")
    kind = getattr(import_module_of(module, folder), attribute, None)
    fields = getattr(kind, "model_fields", None)
    if kind is None or not isinstance(fields, dict):
        raise ConfigError([f"env: {name} is not a pydantic-settings model; write module:Class"])
    config: Mapping[str, Any] = getattr(kind, "model_config", {})
    sources = {key.upper(): value for key, value in _model_sources(config, folder).items()}
    values: dict[str, str] = {}
    wanted: dict[str, str] = {}
    for path, choices, field in _fields(kind, str(config.get("env_prefix", "")), config.get("env_nested_delimiter")):
        variable = next((name for name in choices if name in sources), choices[0])
        if variable in sources:
            values[variable] = sources[variable]
        elif field.is_required():
            wanted[variable] = f"{name}.{path}"
        elif (default := _default(field)) is not None:
            values[variable] = default
    return Environment("model", name, values, {}, wanted)


def _model_sources(config: Mapping[str, Any], folder: Path) -> dict[str, str]:
    """Return the sources of a model, weakest first: secrets folder, dotenv files, this process."""
    values: dict[str, str] = {}
    for place in _as_list(config.get("secrets_dir")):
        for path in (folder / place).glob("*"):
            if path.is_file():
                values[path.name] = path.read_text(encoding="utf-8", errors="replace").strip()
    for place in _as_list(config.get("env_file")):
        if (folder / place).is_file():
            values |= dotenv_file(folder / place).values
    return {**values, **os.environ}


def _as_list(value: Any) -> list[str]:
    return [str(one) for one in (value if isinstance(value, list | tuple) else [value] if value else [])]


def _fields(kind: Any, prefix: str, between: str | None, at: str = "") -> Iterator[tuple[str, list[str], Any]]:
    """Yield each field with its path and variables, nested models included."""
    for key, field in kind.model_fields.items():
        inner = getattr(field, "annotation", None)
        names = _variables(field, key, prefix)
        if between and isinstance(getattr(inner, "model_fields", None), dict):
            for path, variables, one in _fields(inner, f"{names[0]}{between}", between, f"{at}{key}."):
                if field.is_required() or not one.is_required():  # a default model provides all its fields
                    yield path, variables, one
        else:
            yield f"{at}{key}", names, field


def _default(field: Any) -> str | None:
    """Return the default value as text, or None."""
    value: Any = getattr(field, "default", None)
    value = value.get_secret_value() if hasattr(value, "get_secret_value") else value
    return str(value) if isinstance(value, str | bytes | int | float) else None


def _variables(field: Any, key: str, prefix: str) -> list[str]:
    """Return the variables of a field: its aliases, else prefix and name."""
    alias = getattr(field, "validation_alias", None) or getattr(field, "alias", None)
    names = [one for one in getattr(alias, "choices", [alias]) if isinstance(one, str)]
    return [one.upper() for one in names or [f"{prefix}{key}"]]
