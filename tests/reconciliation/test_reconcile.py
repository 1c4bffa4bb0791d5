"""``launchready.reconcile`` and ``launchready reconcile`` against the sample provider, over real sockets."""

import json

import pytest

import launchready
from launchready.cli import main
from launchready.errors import ConfigError
from launchready.reconciliation.bookings import Booking
from launchready.reconciliation.charges import ProviderError
from launchready.reconciliation.providers.csv_export import CsvExport
from launchready.reconciliation.providers.stripe import Stripe
from support.keys import SECRET
from support.keys import secret as strong

QUERY = (
    "SELECT booking_id AS reference, charge, amount, 'eur' AS currency, created FROM payments WHERE created >= :since"
)
KEY = "rk_" + "test_" + "1" * 20


@pytest.fixture(autouse=True)
def _environment(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    for name in ("LAUNCHREADY_STORE", "LAUNCHREADY_SECRET_KEY", "DATABASE_URL"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("STRIPE_SECRET_KEY", KEY)


def reconcile(shop, **more):
    options = {"since": "1h", "store": shop.store, "quiet": "0s", "bookings": QUERY, "database": shop.database}
    return launchready.reconcile(Stripe(KEY, base_url=shop.provider.url), **options | more)


def outcomes(report):
    return sorted(verdict.outcome for verdict in report.unknown_keys)


def test_unknown_outcomes_are_settled_by_the_providers_list(shop):
    """One died after the charge, one before: the first is settled as done, the second is free; nothing is left."""
    shop.pay("1")
    shop.die("2", "after")
    shop.die("3", "before")
    first = reconcile(shop)
    assert outcomes(first) == ["charged", "not-charged"]
    assert [one.kind for one in first.differences] == ["charged-without-booking"]
    assert first.exit_code == 1
    assert len(shop.unknown()) == 2  # read-only unless told to settle
    settled = reconcile(shop, settle=True)
    assert [one.settled for one in settled.unknown_keys] == [True, True]
    assert shop.unknown() == []
    assert reconcile(shop).unknown_keys == ()


@pytest.mark.parametrize("secret", [None, SECRET])
@pytest.mark.parametrize(("metadata", "step"), [(True, None), (False, "charge"), (False, "my.step")])
def test_each_way_of_passing_the_key(shop, monkeypatch, secret, metadata, step):
    """By metadata alone, by the usual step, by a step of the app's; with a secret key and without."""
    if secret:
        monkeypatch.setenv("LAUNCHREADY_SECRET_KEY", secret)
    shop.die("1", "after", metadata=metadata, step=step)
    (verdict,) = reconcile(shop, steps=("my.step",)).unknown_keys
    assert (verdict.outcome, verdict.charges) == ("charged", ("ch_1",))
    if secret:
        monkeypatch.setenv("LAUNCHREADY_SECRET_KEY", strong("another"))
        blind = reconcile(shop, steps=("my.step",), bookings=None)
        assert (blind.keys, blind.unknown_keys, blind.exit_code) == (0, (), 3)
        assert "LAUNCHREADY_SECRET_KEY" in blind.notes[0]
        monkeypatch.setenv("LAUNCHREADY_SECRET_KEY_FALLBACKS", secret)
        assert outcomes(reconcile(shop, steps=("my.step",))) == ["charged"]


def test_an_app_that_passes_no_key_proves_nothing(shop):
    """Charges without keys could be anybody's: neither verdict is possible, and nothing is settled."""
    shop.pay("1", metadata=False, step=None)
    shop.die("2", "after", metadata=False, step=None)
    shop.die("3", "before", metadata=False, step=None)
    report = reconcile(shop, settle=True)
    assert outcomes(report) == ["undetermined", "undetermined"]
    assert len(shop.unknown()) == 2
    assert reconcile(shop, bookings=None).exit_code == 3


def test_a_recent_attempt_is_not_judged(shop):
    """Its request may still be on the way."""
    shop.pay("1")
    shop.die("2", "before")
    assert outcomes(reconcile(shop, quiet="15m")) == ["undetermined"]


def test_a_key_that_changed_meanwhile_is_not_settled(shop, monkeypatch):
    """Somebody resolves it by hand between the list and the verdict: noted, not settled twice."""
    from launchready.idempotency.admin import KeyAdmin

    shop.pay("1")
    shop.die("2", "before")
    resolve = KeyAdmin.resolve

    def twice(self, key, *, done):
        resolve(self, key, done=True)
        return resolve(self, key, done=done)

    monkeypatch.setattr(KeyAdmin, "resolve", twice)
    report = reconcile(shop, settle=True)
    assert [one.settled for one in report.unknown_keys] == [False]
    assert any("was not settled" in note for note in report.notes)


def test_differences_over_the_wire(shop):
    """Each planted difference is named once, and refunds, partial captures and disputes are told apart."""
    shop.pay("1")
    for _ in range(2):
        charge = shop.charge("twice")
    shop.record("twice", charge)
    shop.charge("unrecorded")
    shop.record("uncharged", "ch_none")
    shop.record("amount", shop.charge("amount"), 4000)
    shop.record("captured", shop.charge("captured", amount_captured=4000), 4000)
    shop.record("refund", shop.charge("refund", amount_refunded=250))
    shop.record("refunded", shop.charge("refunded", amount_refunded=4250))
    shop.record("authorized", shop.charge("authorized", captured=False))
    shop.record("dispute", shop.charge("dispute", disputed=True))
    found = {(one.kind, one.subject) for one in reconcile(shop).differences}
    assert found == {
        ("charged-twice", "booking_id twice"), ("charged-without-booking", "ch_4"),
        ("booked-without-charge", "booking uncharged"), ("amount-differs", "booking amount"),
        ("booked-and-refunded", "booking refunded"), ("booked-without-charge", "booking authorized"),
        ("disputed", "ch_10"),
    }  # fmt: skip


def test_pages_and_rate_limits(processes, tmp_path):
    """250 charges are three pages; every third answer is 429, and the list is whole all the same."""
    from launchready.demo.sample_app import python_path
    from launchready.demo.servers import free_port, python

    port = free_port()
    words = python("-m", "launchready.demo.provider", "--port", str(port), "--busy", "3")
    server = processes.start(words, port=port, log=tmp_path / "busy.log", env=python_path())
    server.wait_until_listening()
    from concurrent.futures import ThreadPoolExecutor

    import httpx

    with httpx.Client(base_url=server.url, trust_env=False) as client, ThreadPoolExecutor(16) as pool:
        orders = [{"amount": number + 1, "metadata": {"booking_id": number}} for number in range(250)]
        list(pool.map(lambda order: client.post("/v1/charges", json=order), orders))
    report = launchready.reconcile(Stripe(KEY, base_url=server.url), "1h", quiet="0s",
                                   bookings=lambda *_: [Booking(str(n), n + 1, "eur") for n in range(250)])  # fmt: skip
    assert (report.charges, report.complete, report.differences) == (250, True, ())
    processes.stop(server)


def test_the_command(shop, capsys, tmp_path):
    """Text and JSON, [reconcile] in launchready.toml, --settle, exit codes."""
    shop.pay("1")
    shop.die("2", "after")
    (tmp_path / "launchready.toml").write_text(
        f'[reconcile]\nbookings = "{QUERY}"\nquiet = "0s"\nstore = "{shop.store}"\n'
    )
    words = ["reconcile", "stripe", "--api-url", shop.provider.url, "--since", "1h", "--database", shop.database]
    assert main([*words, "--format", "json"]) == 1
    document = json.loads(capsys.readouterr().out)
    assert document["charges"] == 2
    assert [one["outcome"] for one in document["unknown_keys"]] == ["charged"]
    assert main([*words, "--settle", "-o", str(tmp_path / "report.txt")]) == 1
    assert "settled as done" in (tmp_path / "report.txt").read_text()
    shop.record("2", "ch_2")
    assert main(words) == 0
    assert "0 differences" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("words", "error"),
    [
        (["stripe", "--since", "yesterday"], "not a duration"),
        (["stripe", "--bookings", "SELECT 1 AS reference"], "row 1 has no amount, currency"),
        (["stripe", "--bookings", "DROP TABLE payments"], "readonly"),
        (["stripe", "--bookings", "SELECT missing"], "no such column"),
        (["csv-export", "--file", "missing.csv"], "cannot be read"),
    ],
)
def test_mistakes_are_two(shop, capsys, words, error):
    """Exit 2, and the error says what to write; the query cannot change the app's database."""
    more = ["--api-url", shop.provider.url] if words[0] == "stripe" else []
    assert main(["reconcile", *words, *more, "--database", shop.database]) == 2
    assert error in capsys.readouterr().err
    assert shop.rows.execute("SELECT count(*) FROM payments").fetchone() == (0,)


def test_without_a_key_or_an_answer(monkeypatch):
    """No API key, a wrong one, no provider: an error, and nothing is judged."""
    with pytest.raises(ConfigError, match="STRIPE_SECRET_KEY"):
        Stripe("")
    with pytest.raises(ProviderError, match="no answer"):
        launchready.reconcile(Stripe(KEY, base_url="http://127.0.0.1:9", retries=0))


CSV = """\
Id;Amount;Currency;Created (UTC);Status;Amount Refunded;booking_id (metadata);launchready_key (metadata)
ch_1;42,50;eur;2026-11-20 09:00:00;Paid;0,00;7;
"""


def test_a_csv_export(tmp_path):
    """Columns by name, metadata by its suffix, amounts in major units, times in UTC."""
    file = tmp_path / "charges.csv"
    file.write_text(CSV.replace(",", "."), encoding="utf-8-sig")
    names = {"created": "Created (UTC)", "refunded": "Amount Refunded"}
    export = CsvExport(file, columns=names, covers=("2026-11-01", "2026-12-01"))
    charge = export.find_charge("ch_1")
    assert (charge.amount, charge.currency, charge.status, charge.refunded) == (4250, "eur", "succeeded", 0)
    assert (charge.created.isoformat(), charge.metadata) == ("2026-11-20T09:00:00+00:00", {"booking_id": "7"})
    assert export.find_charge("ch_2") is None


@pytest.mark.parametrize(
    ("text", "error"),
    [
        ("id,amount,currency\n", "no column 'created'"),
        ("id,amount,currency,created\nch_1,4.255,eur,2026-11-20", "more decimals than EUR"),
        ("id,amount,currency,created\nch_1,4.25,eur,yesterday", "not a time"),
        ("id,amount,currency,created,status\nch_1,4.25,eur,2026-11-20,odd", "unknown status 'odd'"),
    ],
)
def test_a_csv_export_that_cannot_be_read(tmp_path, text, error):
    """The error names the line or the column, and what to write."""
    file = tmp_path / "charges.csv"
    file.write_text(text)
    with pytest.raises(ConfigError, match=error):
        CsvExport(file).find_charge("ch_1")


def test_a_csv_export_proves_a_missing_charge_only_for_its_period(shop, tmp_path):
    """Without --covers the file may have any gap."""
    from datetime import UTC, datetime, timedelta

    shop.pay("1")
    shop.die("2", "before")
    listing = Stripe(KEY, base_url=shop.provider.url).list_charges(
        datetime.now(UTC) - timedelta(hours=1), datetime.now(UTC)
    )
    file = tmp_path / "charges.csv"
    lines = ["id,amount,currency,created,idempotency_key,metadata[booking_id],metadata[launchready_key]"]
    for one in listing.charges:
        key = next(iter(one.keys - {one.metadata["launchready_key"]}))
        lines.append(f"{one.id},42.50,eur,{one.created.isoformat()},{key},1,{one.metadata['launchready_key']}")
    file.write_text("\n".join(lines))
    options = {"since": "1h", "store": shop.store, "quiet": "0s", "bookings": QUERY, "database": shop.database}
    today = datetime.now(UTC)
    assert outcomes(launchready.reconcile(CsvExport(file), **options)) == ["undetermined"]
    covers = (today - timedelta(days=3), today + timedelta(days=1))
    assert outcomes(launchready.reconcile(CsvExport(file, covers=covers), **options)) == ["not-charged"]


def test_more_mistakes(shop, capsys, tmp_path):
    """A format that the report lacks, a period that has not begun, a column and a period that nobody knows."""
    from datetime import UTC, datetime, timedelta

    assert main(["reconcile", "--format", "html", "stripe", "--api-url", shop.provider.url]) == 2
    assert "write text or json" in capsys.readouterr().err
    with pytest.raises(ConfigError, match="must begin before now"):
        reconcile(shop, since=datetime.now(UTC) + timedelta(days=1))
    with pytest.raises(ConfigError, match="unknown column 'sum'"):
        CsvExport("charges.csv", columns={"sum": "Betrag"})
    with pytest.raises(ConfigError, match="not a time"):
        CsvExport("charges.csv", covers=("then", "now"))
    with pytest.raises(ConfigError, match="unable to open"):
        reconcile(shop, database=f"sqlite:///{tmp_path / 'missing.db'}")


def test_without_a_store(shop):
    """Charges and bookings are compared, and the report says that keys were not."""
    shop.charge("1")
    report = launchready.reconcile(Stripe(KEY, base_url=shop.provider.url), "1h", quiet="0s", bookings=lambda *_: ())
    assert [one.kind for one in report.differences] == ["charged-without-booking"]
    assert report.keys is None
    assert "LAUNCHREADY_STORE" in report.notes[0]
    assert "charges of stripe" in report.to_text()


def test_a_refund_of_a_csv_export_without_its_amount(tmp_path):
    """Status "Refunded" alone means all of it; a number of seconds is a time; yen have no decimals."""
    file = tmp_path / "charges.csv"
    file.write_text("id,amount,currency,created,status\nch_1,500,jpy,2026-11-20T09:00:00+09:00,Refunded\n")
    charge = CsvExport(file).find_charge("ch_1")
    assert (charge.amount, charge.refunded, charge.net, charge.created.hour) == (500, 500, 0, 0)
    file.write_text("id,amount,currency,created\nch_1,five,jpy,2026-11-20\n")
    with pytest.raises(ConfigError, match="not an amount"):
        CsvExport(file).find_charge("ch_1")
