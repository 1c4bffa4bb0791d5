"""``launchready env``: problems of one environment, differences of two, and no value in any output."""

import json
import os
import subprocess
import sys
import textwrap

import pytest

from launchready.cli import main
from launchready.env import compare, dotenv, find_problems, read
from launchready.errors import ConfigError

LIVE = "sk" + "_live_" + "8fGh7JkL9mNpQrStUvWxYz12"
TEST = "sk" + "_test_" + "8fGh7JkL9mNpQrStUvWxYz12"
TOKEN = "a8Kd93jfKq02" + "mXz81LpQ"


@pytest.fixture
def project(tmp_path, monkeypatch):
    """The current folder, with a repository."""
    monkeypatch.chdir(tmp_path)
    subprocess.run(["git", "init", "-q", tmp_path], check=True)

    def write(**files):
        for name, text in files.items():
            path = tmp_path / name.replace("__", ".").replace("_slash_", "/")
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(textwrap.dedent(text))
        return tmp_path

    return write


def codes(name="production", **options):
    return {(trouble.code, trouble.name) for trouble in find_problems(read(name), **options)}


@pytest.mark.parametrize(
    ("line", "code"),
    [
        ("SECRET_KEY=change-me", "ENV002"),
        ("STRIPE_SECRET_KEY=your-key-here", "ENV002"),
        ("ADMIN_PASSWORD=admin123", "ENV002"),
        ("DEBUG=True", "ENV003"),
        ("DJANGO_DEBUG=1", "ENV003"),
        ("FLASK_ENV=development", "ENV003"),
        ("API_URL=http://localhost:8000", "ENV004"),
        ("CORS_ORIGINS=https://a.example,http://127.0.0.1:3000", "ENV004"),
        ("REDIS_HOST=127.0.0.1", "ENV004"),
        ("DATABASE_URL=sqlite:///app.db", "ENV005"),
        ("MEDIA_ROOT=/srv/app/media", "ENV005"),
        ("FILESYSTEM_DISK=local", "ENV005"),
        (f"STRIPE_SECRET_KEY={TEST}", "ENV010"),
        (f"STRIPE_SECRET_KEY={LIVE}", "ENV011"),
        ("this is no variable", "ENV001"),
    ],
)
def test_problems_of_production(project, line, code):
    """Each line raises its own code."""
    project(__env__production=line + "\n")
    assert {found for found, _ in codes()} == {code}


@pytest.mark.parametrize(
    "line",
    [
        "DEBUG=false", "DEBUG_TOOLBAR=true", "BIND=127.0.0.1:8000", "HOST=0.0.0.0", "API_URL=https://api.coach.example", "TOKEN_URL=https://a.example/token",
        f"API_TOKEN={TOKEN}", "NODE_ENV=production", "PASSWORD_MIN_LENGTH=12", "UPLOAD_URL=https://cdn.example", "# DEBUG=True", "", "LOG_LEVEL=info",
    ],
)  # fmt: skip
def test_no_problem_in_production(project, line):
    """These lines raise no code."""
    project(__env__production=line + "\n")
    assert codes() == set()


def test_staging_may_debug(project):
    """An environment named staging is not checked as production."""
    project(__env__staging="DEBUG=1\nAPI_URL=http://localhost\n", __env="APP_ENV=development\nDEBUG=1\n")
    assert codes("staging") == codes(".env") == set()


def test_names_of_the_sample_are_required(project):
    """Names in .env.example must be set and not empty."""
    project(__env__example="A=\nB=\nC=\n", __env__production="A=1\nB=\n")
    assert codes() == {("ENV001", "B"), ("ENV001", "C")}


def test_a_dotenv_file_in_git(project):
    """A tracked .env is a problem; a sample and an ignored file are not."""
    folder = project(__env="A=1\n", __env__example="A=\n", __env__local="A=1\n")
    subprocess.run(["git", "-C", folder, "add", "-f", ".env", ".env.example"], check=True)
    assert codes(".env") == {("ENV006", ".env")}


def test_a_secret_in_a_configuration_file(project):
    """A settings file with a secret is a problem."""
    project(__env="A=1\n", coach_slash_settings__py=f'STRIPE = "{LIVE}"\n')
    [trouble] = find_problems(read(".env"))
    assert (trouble.code, trouble.where) == ("ENV007", "coach/settings.py:1")


def test_django_settings(project):
    """A settings module is read without setting up Django; nested names have dots."""
    project(
        shop_settings__py="DEBUG = True\nDATABASES = {'default': {'ENGINE': 'django.db.backends.sqlite3'}}\nSECRET_KEY = 'change-me-now'\n"
    )
    found = codes("django:shop_settings", files=False)
    assert found == {("ENV003", "DEBUG"), ("ENV005", "DATABASES.default.ENGINE"), ("ENV002", "SECRET_KEY")}
    sys.modules.pop("shop_settings")


def test_pydantic_settings(project, monkeypatch):
    """Required fields of a model are checked against the process, by prefix and alias."""
    project(
        coach_config__py="""
        from pydantic import Field
        from pydantic_settings import BaseSettings, SettingsConfigDict
        class Settings(BaseSettings):
            model_config = SettingsConfigDict(env_prefix="COACH_")
            secret: str
            dsn: str = Field(validation_alias="DATABASE_URL")
            there: str
            timeout: int = 5
        """
    )
    monkeypatch.setenv("COACH_THERE", "x")
    monkeypatch.delenv("DATABASE_URL", raising=False)
    assert codes("coach_config:Settings", files=False) == {("ENV001", "COACH_SECRET"), ("ENV001", "DATABASE_URL")}
    sys.modules.pop("coach_config")


def test_pydantic_settings_of_every_source(project, monkeypatch):
    """Nested models, aliases, a secrets folder, a dotenv file, and defaults."""
    project(
        coach_other__py="""
        from pydantic import AliasChoices, BaseModel, Field, SecretStr
        from pydantic_settings import BaseSettings, SettingsConfigDict
        class Database(BaseModel):
            host: str
            password: str
            port: int = 5432
        class Whole(BaseModel):
            token: str
        class Settings(BaseSettings):
            model_config = SettingsConfigDict(env_nested_delimiter="__", secrets_dir="secrets", env_file="other.env")
            db: Database
            whole: Whole = Whole(token="x")
            dsn: str = Field(validation_alias=AliasChoices("DATABASE_URL", "PG_URL"))
            api_key: str
            mailer: str
            debug: bool = True
            secret_key: SecretStr = SecretStr("change-me-now")
            nothing: str | None = None
        """,
        secrets_slash_api_key="x9f8e7",
        other__env="MAILER=smtp\n",
    )
    monkeypatch.setenv("PG_URL", "postgres://db/x")
    monkeypatch.setenv("DB__HOST", "db")
    assert codes("coach_other:Settings", files=False) == {
        ("ENV001", "DB__PASSWORD"),
        ("ENV003", "DEBUG"),
        ("ENV002", "SECRET_KEY"),
    }
    sys.modules.pop("coach_other")


def test_two_environments(project):
    """Names, equality, one secret under two names, a live key in staging."""
    project(
        __env__staging=f"A=1\nFLAG=on\nAPI_TOKEN={TOKEN}\nPAY={LIVE}\nURL=https://staging.example\n",
        __env__production=f"B=2\nFLAG=off\nOTHER_TOKEN={TOKEN}\nPAY=x\nURL=https://coach.example\n",
    )
    found = compare(read("staging"), read("production"))
    assert (found.only_first, found.only_second) == (("A", "API_TOKEN"), ("B", "OTHER_TOKEN"))
    assert found.different == ("FLAG", "PAY", "URL")
    assert {(one.code, one.name) for one in found.troubles if one.code == "ENV008"} == {
        ("ENV008", "API_TOKEN"),
        ("ENV008", "PAY"),
    }


def test_equal_values_without_access_are_no_problem(project):
    """Equal values that grant no access are only listed as equal."""
    project(
        __env__staging=f"FLAG=on\nREGION=eu-central-1\nKEY={TEST}\n",
        __env__production=f"FLAG=on\nREGION=eu-central-1\nKEY={TEST}\n",
    )
    found = compare(read("staging"), read("production"))
    assert (found.equal, found.troubles) == (("FLAG", "KEY", "REGION"), ())


@pytest.mark.parametrize("form", ["text", "json", "md", "html", "sarif", "junit"])
def test_no_value_is_shown(project, capsys, form):
    """No format of either command shows a value."""
    project(
        __env__staging=f"API_TOKEN={TOKEN}\nPAY={LIVE}\n", __env__production=f"API_TOKEN={TOKEN}\nPAY={LIVE}\nDEBUG=1\n"
    )
    assert main(["env", "diff", "staging", "production", "--format", form]) == 1
    assert main(["env", "check", "production", "--format", form]) == 1
    shown = capsys.readouterr().out
    assert TOKEN not in shown
    assert LIVE not in shown
    assert "API_TOKEN" in shown.replace("\\", "")


def test_the_command(project, capsys):
    """Exit codes, --require, launchready.toml, an unknown source."""
    project(
        __env__production="A=1\n", launchready__toml='[env]\nrequired = ["B"]\n[env.live]\nfile = ".env.production"\n'
    )
    assert main(["env", "check", "live", "--require", "C", "--format", "json"]) == 1
    assert [one["subject"] for one in json.loads(capsys.readouterr().out)["findings"]] == ["B", "C"]
    assert main(["env", "check", "nowhere"]) == 2
    assert "no environment 'nowhere'" in capsys.readouterr().err
    (project() / "launchready.toml").unlink()
    assert main(["env", "check"]) == 0


def test_a_failing_module_reveals_no_value(project):
    """A settings module that raises with a secret in its message does not leak it."""
    project(broken_settings__py=f"raise ValueError('{TOKEN}')\n")
    with pytest.raises(ConfigError) as raised:
        read("django:broken_settings")
    assert TOKEN not in str(raised.value)


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("A=1", {"A": "1"}),
        ("export A = 1 # one", {"A": "1"}),
        ("A='x # y'", {"A": "x # y"}),
        ('A="x\\n\\"y\\""', {"A": 'x\n"y"'}),
        ('A="one\ntwo"\nB=2', {"A": "one\ntwo", "B": "2"}),
        ("A=b#c", {"A": "b#c"}),
        ("A=", {"A": ""}),
        ("A", {"A": ""}),
        ("\ufeffA=1\r\nB=2\r\n", {"A": "1", "B": "2"}),
        ('A="open', {"A": '"open'}),
        (
            'H=db\nA=redis://${H}:1\nB=\'${H}\'\nC="${H}"\nD="\\${H}"',
            {"H": "db", "A": "redis://db:1", "B": "${H}", "C": "db", "D": "${H}"},
        ),
        ("A=${NONE}\nB=${NONE:-x}/${NONE-y}\nC=pa$word", {"A": "${NONE}", "B": "x/y", "C": "pa$word"}),
        ("# A=1\n\n", {}),
    ],
)
def test_dotenv(text, values):
    """Values are parsed as Docker, python-dotenv and shells parse them."""
    lines, wrong = dotenv.parse(text)
    assert ({line.name: line.value for line in lines}, wrong) == (values, [])


def test_invalid_dotenv_lines():
    """Invalid lines are listed by number."""
    assert dotenv.parse("A=1\nno variable here\n=x\n")[1] == [2, 3]
    assert os.environ
