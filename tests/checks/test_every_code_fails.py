"""Every code of the catalogue fails in at least one world, so no rule can silently return nothing.

Most codes fail in a row of ``test_catalogue``, where each row runs through the engine. The rows here are about checks
of this machine, and about one that needs IPv6: their questions are answered from a table.
"""

import asyncio

import pytest

from checks.test_catalogue import ROWS as NETWORK_ROWS
from checks.test_ipv6_reachable import Table
from checks.world import DOMAIN
from launchready.checks.catalogue import rules
from launchready.checks.database_queries import ReadPrivileges
from launchready.checks.engine import CheckEngine
from launchready.checks.environment_findings import EnvironmentAnswer, ReadEnvironment
from launchready.checks.operations import Smtp
from launchready.checks.options import CheckOptions
from launchready.checks.secret_findings import ScanRepository, SecretsAnswer
from launchready.checks.site import read_site
from launchready.checks.store_queries import FindUnknownOutcomes, ReadDurability, UnknownOutcomesAnswer
from launchready.core.idempotency.unknown_outcomes import Unknown
from launchready.env.loaders import EnvProblem
from launchready.net.answers import DnsAnswer, SmtpAnswer
from launchready.net.database_privileges import Privileges
from launchready.net.store_durability import StoreDurability
from launchready.secrets.hits import Unread
from launchready.secrets.leak import Leak

BY_CODE = {one.code: one for one in rules()}


class Answers:
    """Answers each kind of question from a table."""

    def __init__(self, answers):
        self.answers = answers

    async def answer(self, op, _engine):
        return self.answers[type(op)]


class PlainMailServer:
    """A mail server that offers no encryption."""

    async def answer(self, op, _engine):
        if isinstance(op, Smtp):
            return SmtpAnswer(f"SMTP {op.host}:25", starttls=False)
        records = ("10 mx.coach.example",) if op.rdtype == "MX" else ()
        return DnsAnswer(f"{op.rdtype} {op.name}", "answered" if records else "empty", records)


def leak(**more):
    given = {"severity": "critical", "in_files": True, "money": False, **more}
    return Leak("app.py", 3, "", "test-key", "x" * 20, "test-key:0123456789abcdef", fix="1. Revoke it.", **given)


def privileges(**more):
    return Answers({ReadPrivileges: Privileges("privileges", "app", **more)})


def environment(code):
    return Answers(
        {ReadEnvironment: EnvironmentAnswer("env", (EnvProblem(code, "KEY", ".env:1", "is wrong", "set it"),))}
    )


def repository(*leaks, unread=()):
    return Answers({ScanRepository: SecretsAnswer("secrets", leaks, unread)})


ROWS = {
    "DB001": privileges(server=("superuser",)),
    "DB002": privileges(creates=("createdb",)),
    "DB003": privileges(owns=("table public.bookings",)),
    "DB004": privileges(public=("read public.bookings",)),
    "DB005": Answers({ReadDurability: StoreDurability("store", ("appendonly no",))}),
    "DB006": Answers({FindUnknownOutcomes: UnknownOutcomesAnswer("store", Unknown(1, 60.0))}),
    **{code: environment(code) for code in BY_CODE if code.startswith("ENV")},
    "SEC001": repository(leak(money=True)),
    "SEC002": repository(leak()),
    "SEC003": repository(leak(in_files=False)),
    "SEC004": repository(leak(severity="low")),
    "SEC005": repository(unread=(Unread("big.zip", "too large"),)),
    "MAIL023": PlainMailServer(),
    "WEB024": Table(200, "refused"),
}
NETWORK = {code for _, _, expected in NETWORK_ROWS for code in expected}


def run(code, adapter):
    one = BY_CODE[code]
    options = CheckOptions(DOMAIN, database="postgresql://h/app", store="redis://h", repository=".")
    site = read_site(options)

    async def outcomes():
        engine = CheckEngine(adapter, 5.0)
        return [await engine.run_rule(one, site, subject) for subject in one.subjects(site)]

    return asyncio.run(outcomes())


@pytest.mark.parametrize("code", sorted(ROWS))
def test_it_fails(code):
    """The rule has a finding in its row; SEC005 reports what was not read as undetermined."""
    outcomes = run(code, ROWS[code])
    if code == "SEC005":
        assert [one.undetermined.reason for one in outcomes] == ["too large"]
    else:
        assert {finding.code for one in outcomes for finding in one.findings or ()} == {code}


def test_every_code_has_a_row():
    """Each code of the catalogue fails in a row here or in test_catalogue; a new rule without a row fails this test."""
    assert set(BY_CODE) - set(ROWS) - NETWORK == set()
