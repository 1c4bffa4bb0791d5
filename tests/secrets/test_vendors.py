"""Keys whose format names their vendor are found without a telling name, also when split over literals."""

import random
import string

import pytest

from launchready.secrets.file_context import context_of
from launchready.secrets.scan_text import find_secrets

ALNUM = string.ascii_letters + string.digits
UPPER = string.ascii_uppercase + string.digits
LOWER = string.ascii_lowercase + string.digits
HEX = "0123456789abcdef"
UUID = "8-4-4-4-12"

#: A rule, and the parts of its key: text as it is, or an alphabet and a count.
KEYS = [
    ("tailscale-key", "tskey-" + "auth-", (ALNUM, 12), "CNTRL-", (ALNUM, 32)),
    ("contentful-token", "CF" + "PAT-", (ALNUM, 43)),
    ("dynatrace-token", "dt0" + "c01.", (UPPER, 24), ".", (UPPER, 64)),
    ("alibaba-key", "LT" + "AI5t", (ALNUM, 18)),
    ("twitter-bearer-token", "A" * 22, (ALNUM, 80)),
    ("dropbox-token", "sl" + ".B", (ALNUM, 135)),
    ("launchdarkly-key", "sd" + "k-", UUID),
    ("plaid-access-token", "access-" + "production-", UUID),
    ("circleci-token", "CCI" + "PAT_", (ALNUM, 22), "_", (HEX, 40)),
    ("neon-key", "na" + "pi_", (LOWER, 64)),
    ("pulumi-token", "pu" + "l-", (HEX, 40)),
    ("shippo-token", "shippo_" + "live_", (HEX, 40)),
    ("buildkite-token", "bk" + "ua_", (HEX, 40)),
    ("flutterwave-key", "FLW" + "SECK-", (HEX, 32), "-X"),
    ("easypost-key", "EZ" + "AK", (ALNUM, 54)),
    ("typeform-token", "tf" + "p_", (ALNUM, 59)),
    ("langsmith-key", "lsv2" + "_pt_", (HEX, 32), "_", (HEX, 10)),
    ("posthog-key", "ph" + "x_", (ALNUM, 43)),
    ("honeycomb-key", "hca" + "ik_", (LOWER, 58)),
    ("artifactory-key", "AK" + "Cp", (ALNUM, 69)),
    ("nuget-key", "oy" + "2", (LOWER, 43)),
    ("crates-token", "ci" + "o", (ALNUM, 32)),
    ("sonar-token", "sq" + "p_", (HEX, 40)),
    ("pinecone-key", "pc" + "sk_", (ALNUM, 5), "_", (ALNUM, 63)),
    ("onepassword-token", "ops_" + "eyJ", (ALNUM, 250)),
    ("newrelic-license-key", (HEX, 36), "NR" + "AL"),
    ("sourcegraph-token", "sg" + "p_", (HEX, 40)),
    ("prefect-key", "pn" + "u_", (ALNUM, 36)),
    ("adafruit-key", "ai" + "o_", (ALNUM, 28)),
    ("clojars-token", "CLO" + "JARS_", (LOWER, 60)),
    ("frameio-token", "fio" + "-u-", (ALNUM, 64)),
    ("duffel-token", "duffel_" + "live_", (ALNUM, 43)),
    ("readme-key", "rd" + "me_", (LOWER, 70)),
    ("airtable-token", "pa" + "t", (ALNUM, 14), ".", (HEX, 64)),
]


def make(parts, seed):
    source = random.Random(seed)
    of = lambda letters, count: "".join(source.choice(letters) for _ in range(count))  # noqa: E731
    return "".join(
        "-".join(of(HEX, int(count)) for count in UUID.split("-")) if part == UUID
        else part if isinstance(part, str) else of(*part)
        for part in parts
    )  # fmt: skip


@pytest.mark.parametrize(("rule", "parts"), [(row[0], row[1:]) for row in KEYS], ids=[row[0] for row in KEYS])
@pytest.mark.parametrize("line", ["const x = '{}';", "  x: {}", "X={}", "use {} for now"])
def test_the_format_is_enough(rule, parts, line):
    """In code, configuration and prose, the rule names the vendor."""
    value = make(parts, f"{rule} {line}")
    found = find_secrets(
        line.format(value), context_of("a.yml" if line.startswith(" ") else "a.js" if "const" in line else "a.txt")
    )
    assert [(one.rule, one.value) for one in found] == [(rule, value)]


@pytest.mark.parametrize("glue", ['" + "', '" +\n    "', '"\n  "', '" . "'])
def test_a_split_key(glue):
    """Literals that the program concatenates are read as one."""
    value = make(("gh" + "p_", (ALNUM, 36)), glue)
    for cut in (9, 20, 33):
        found = find_secrets(f'x = "{value[:cut]}{glue}{value[cut:]}"', context_of("a.js"))
        assert [one.value for one in found] == [value]
