"""The environment variables of the deployment: read once, one rule for each code."""

from launchready.checks.environment_findings import ENVIRONMENT_CHECKS, ReadEnvironment, findings
from launchready.checks.operations import known
from launchready.checks.rule import Rule, Verdict
from launchready.checks.secret_findings import repository_subject
from launchready.checks.site import Site


def environment_rule(code: str) -> Rule:
    """The rule of one code: its findings among all problems of the environment."""

    def body(site: Site, subject: str) -> Verdict:
        del site
        op = ReadEnvironment(subject)
        yield op
        return tuple(findings(one for one in known(op.answer).troubles if one.code == code))

    return Rule(code, "env", ENVIRONMENT_CHECKS[code].topic, body, repository_subject)


RULES = tuple(environment_rule(code) for code in ENVIRONMENT_CHECKS)
