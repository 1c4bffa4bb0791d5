"""One root cause is one finding, and no cause is lost: who may silence whom."""

import httpx

from checks.world import DOMAIN, check
from launchready.checks.catalogue import rules


def test_nothing_explains_itself():
    """The graph of explanations has no circle: else two findings could silence each other."""
    after = {one.code: set(one.after) for one in rules()}
    while after:
        free = [code for code, causes in after.items() if not causes & after.keys()]
        assert free, f"a circle among {sorted(after)}"
        for code in free:
            del after[code]


def test_codes_that_are_named_exist():
    """A slip in ``after`` or ``blocked_by`` would explain nothing."""
    codes = {one.code for one in rules()}
    for one in rules():
        assert set(one.after) | set(one.blocked_by) <= codes


def test_a_silent_cause_hides_no_finding():
    """The place of an alias could not be looked at; that its https is refused was seen, and is said."""
    report, _ = check(hosts=["app", "api", "blog"], add="blog CNAME mine.github.io.")
    said = {one.code: one.status for one in report}
    assert said["WEB011"] == "fail"


def test_a_host_that_never_answers_is_one_line():
    """Its web, its cookies, its headers: one question, one line."""

    def slow(request):
        if request.url.host == f"app.{DOMAIN}":
            raise httpx.ConnectTimeout("no answer")
        return httpx.Response(200, headers={"strict-transport-security": "max-age=63072000"}, text="{}")

    report, _ = check(transport=httpx.MockTransport(slow), only=["web"])
    silent = [one for one in report.undetermined if f"app.{DOMAIN}" in one.evidence]
    assert len(silent) <= 2
    assert silent
