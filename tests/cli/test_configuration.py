"""The configuration file: its location, invalid content, and secrets, which it must not hold."""

import pytest

from launchready.cli.check_arguments import site_facts
from launchready.cli.configuration import Configuration, load, plain_secrets, secret
from launchready.errors import ConfigError


def test_the_location(tmp_path):
    """launchready.toml, else the table in pyproject.toml, else nothing."""
    assert load(tmp_path) == Configuration()
    (tmp_path / "pyproject.toml").write_text('[tool.launchready.check]\ndomain = "two.example"\n')
    assert load(tmp_path).table("check") == {"domain": "two.example"}
    (tmp_path / "launchready.toml").write_text('[check]\ndomain = "one.example"\n')
    assert load(tmp_path).table("check") == {"domain": "one.example"}


def test_unknown_key_names_the_nearest(tmp_path):
    """A misspelt key raises ConfigError with the nearest name."""
    (tmp_path / "launchready.toml").write_text('[check]\ndomian = "one.example"\n')
    with pytest.raises(ConfigError, match="did you mean 'domain'"):
        load(tmp_path).table("check", ["domain", "hosts"])


def test_a_secret_in_the_file_is_refused(tmp_path):
    """The error says what to write instead, and does not repeat the value."""
    value = "sk_" + "x" * 24
    (tmp_path / "launchready.toml").write_text(f'webhooks.stripe = {{ path = "/hook", secret = "{value}" }}\n')
    with pytest.raises(ConfigError) as raised:
        load(tmp_path)
    assert 'secret = { env = "WEBHOOKS_STRIPE_SECRET" }' in str(raised.value)
    assert value not in str(raised.value)


@pytest.mark.parametrize(
    "name", ["api_key", "db_password", "token", "secret_key", "secret_key_fallbacks", "private_key"]
)
def test_names_of_secrets(name):
    """Secrets are refused at every level, lists of tables included."""
    assert list(plain_secrets({"a": [{name: "value"}]}))
    assert not list(plain_secrets({"a": [{name: {"env": "NAME"}}]}))


def test_secret_comes_from_the_environment(monkeypatch):
    """``{ env = "NAME" }`` is the only form; an unset variable is named."""
    monkeypatch.setenv("HOOK", "value")
    assert secret({"env": "HOOK"}, "hook") == "value"
    monkeypatch.delenv("HOOK")
    for wrong in ({"env": "HOOK"}, "value", {"env": 1}, {}):
        with pytest.raises(ConfigError, match="hook"):
            secret(wrong, "hook")


def test_broken_toml_is_a_configuration_error(tmp_path):
    """Invalid TOML is reported with file and line."""
    (tmp_path / "launchready.toml").write_text("[check\n")
    with pytest.raises(ConfigError, match=r"launchready\.toml"):
        load(tmp_path)


def test_facts_of_the_site():
    """Top-level production, hosts and webhooks define the checks."""
    values = {
        "production": {"url": "https://app.coach.example", "mobile_app": True},
        "hosts": {"coach.example": "site", "api.coach.example": "api"},
        "webhooks": {"stripe": {"path": "/webhooks/stripe", "secret": {"env": "HOOK"}}},
    }
    assert site_facts(Configuration(None, values)) == {
        "domain": "coach.example", "hosts": ["api.coach.example"], "mobile_app": True, "webhooks": ["/webhooks/stripe"],
    }  # fmt: skip


@pytest.mark.parametrize(
    ("typed", "meant"), [("[chek]", "check"), ("[producton]", "production"), ("hots = {}", "hosts")]
)
@pytest.mark.parametrize("file", ["launchready.toml", "pyproject.toml"])
def test_an_unknown_table_names_the_nearest(tmp_path, typed, meant, file):
    """A misspelt table would otherwise be ignored without a word."""
    text = typed if file == "launchready.toml" else typed.replace("[", "[tool.launchready.")
    if not typed.startswith("[") and file == "pyproject.toml":
        text = f"[tool.launchready]\n{typed}"
    (tmp_path / file).write_text(f"{text}\nkey = 1\n" if typed.startswith("[") else text)
    with pytest.raises(ConfigError, match=f"did you mean '{meant}'"):
        load(tmp_path)


def test_version(capsys):
    """``launchready --version`` prints the version of the installed package."""
    from launchready import cli

    with pytest.raises(SystemExit) as ended:
        cli.main(["--version"])
    assert ended.value.code == 0
    assert capsys.readouterr().out.startswith("launchready ")
