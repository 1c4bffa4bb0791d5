"""The environment of the deployment, by the file or the process that tells it: one reading, one rule a code."""

from launchready.checks.environment_findings import KINDS, Troubles, findings
from launchready.checks.operations import known
from launchready.checks.rule import Rule, Verdict
from launchready.checks.secret_findings import repository
from launchready.checks.site import Site


def made(code: str) -> Rule:
    """The rule of one code: its findings among all that the environment gave."""

    def body(site: Site, subject: str) -> Verdict:
        del site
        op = Troubles(subject)
        yield op
        return tuple(findings(one for one in known(op.answer).troubles if one.code == code))

    return Rule(code, "env", KINDS[code].topic, body, repository)


env001 = made("ENV001")
env002 = made("ENV002")
env003 = made("ENV003")
env004 = made("ENV004")
env005 = made("ENV005")
env006 = made("ENV006")
env007 = made("ENV007")
env008 = made("ENV008")
env009 = made("ENV009")
env010 = made("ENV010")
env011 = made("ENV011")
env012 = made("ENV012")
env013 = made("ENV013")
env014 = made("ENV014")
