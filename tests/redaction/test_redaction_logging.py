# ruff: noqa: G003, G004, LOG014, PLE1205, PLW0108, PYI024  (each is the misuse that a probe is about)
"""Probes through real logging of the standard library: no handler, formatter or filter sees a secret."""

import collections
import copy
import io
import json
import logging
import logging.handlers
import pickle
import queue
import subprocess
import sys
import threading
import warnings
from collections.abc import Callable, Iterator

import pytest

from launchready import redaction
from launchready.redaction.text import Redactor

MAIL = "jo.doe" + "@coach.example"
KEY = "sk_" + "live_" + "4eC39HqLyjWDarjtT1zdp7dc"
DSN = "postgresql://app:" + "hunter2x9" + "@db:5432/app"
SECRETS = (MAIL, KEY, "hunter2x9")


@pytest.fixture(autouse=True)
def installed() -> Iterator[None]:
    """Redaction is installed for the test and removed after it."""
    redaction.install()
    yield
    redaction.uninstall()


class Stream:
    """A logger of its own, and the output of its handler."""

    def __init__(self, name: str = "probe", form: str = "%(levelname)s %(name)s %(message)s") -> None:
        self.out = io.StringIO()
        self.log = logging.getLogger(name)
        self.log.handlers.clear()
        self.log.filters.clear()
        self.log.propagate = False
        self.log.setLevel(1)
        self.handler = logging.StreamHandler(self.out)
        self.handler.setFormatter(logging.Formatter(form))
        self.log.addHandler(self.handler)

    def text(self) -> str:
        """The output so far."""
        return self.out.getvalue()


def _raise_chain() -> None:
    try:
        raise ConnectionError(f"cannot reach {DSN}")
    except ConnectionError as error:
        raise RuntimeError("startup failed") from error


def _context_chain() -> None:
    try:
        raise KeyError(MAIL)
    except KeyError:
        raise RuntimeError("no client") from None


def _in_except(act: Callable[[], None], log: logging.Logger) -> None:
    try:
        act()
    except RuntimeError:
        log.exception("failed")


def _grouped(log: logging.Logger) -> None:
    try:
        raise ExceptionGroup("many", [ValueError(f"bad {MAIL}"), ValueError("fine")])
    except ExceptionGroup:
        log.exception("failed")


def _noted(log: logging.Logger) -> None:
    try:
        error = ValueError("bad")
        error.add_note(f"while mailing {MAIL}")
        raise error
    except ValueError:
        log.exception("failed")


class Thing:
    """An object of the app whose text contains an address."""

    def __str__(self) -> str:
        return f"Thing({MAIL})"

    __repr__ = __str__


PROBES: dict[str, tuple[Callable[[logging.Logger], object], str]] = {
    "plain message": (lambda log: log.info(f"login of {MAIL}"), "login of [email]"),
    "argument": (lambda log: log.info("login of %s", MAIL), "login of [email]"),
    "key in the template, value in the argument": (
        lambda log: log.info("password=%s user=%s", "hunter2x9", 7),
        "password=[password] user=7",
    ),
    "only whole after joining": (lambda log: log.info("key sk_%s", KEY[3:]), "key [stripe]"),
    "joined from two arguments": (lambda log: log.info("to %s@%s", *MAIL.split("@")), "to [email]"),
    "numbers keep their types": (lambda log: log.info("%d of %.2f for %s", 3, 2.5, MAIL), "3 of 2.50 for [email]"),
    "width and flags": (lambda log: log.info("%-5s|%05d|%r", "ab", 42, "x"), "ab   |00042|'x'"),
    "mapping argument": (lambda log: log.info("%(who)s did %(what)s", {"who": MAIL, "what": "pay"}), "[email] did pay"),
    "object argument": (lambda log: log.info("got %s", Thing()), "got Thing([email])"),
    "repr of an object": (lambda log: log.info("got %r", Thing()), "got Thing([email])"),
    "dict argument": (lambda log: log.info("body %s", {"password": "hunter2x9", "plan": "basic"}), "'plan': 'basic'"),
    "list argument": (lambda log: log.info("to %s", [MAIL]), "to ['[email]']"),
    "bytes argument": (lambda log: log.info("raw %s", MAIL.encode()), "raw b'[email]'"),
    "object as the message": (lambda log: log.info(Thing()), "Thing([email])"),
    "exception as the message": (lambda log: log.error(ValueError(f"bad {MAIL}")), "bad [email]"),
    "exception as an argument": (lambda log: log.error("failed: %s", ValueError(f"bad {MAIL}")), "failed: bad [email]"),
    "percent sign without arguments": (lambda log: log.info(f"100% of {MAIL}"), "100% of [email]"),
    "cause": (lambda log: _in_except(_raise_chain, log), "direct cause"),
    "context": (lambda log: _in_except(_context_chain, log), "no client"),
    "exception group": (_grouped, "bad [email]"),
    "note of an exception": (_noted, "while mailing [email]"),
    "stack of the call": (lambda log: log.info("here", stack_info=True), "Stack (most recent call last)"),
    "no exception is active": (lambda log: log.info("none", exc_info=True), "NoneType: None"),
    "multi-line": (lambda log: log.info(f"a\npassword: hunter2x9\nb {MAIL}"), "b [email]"),
    "arguments that do not fit": (lambda log: log.info("one %s", MAIL, KEY), "arguments do not fit"),
    "child of a logger": (lambda log: log.getChild("child").info("to %s", MAIL), "to [email]"),
    "adapter": (lambda log: logging.LoggerAdapter(log, {}).info("to %s", MAIL), "to [email]"),
    "lone surrogate and NUL": (lambda log: log.info("\ud800 \x00 %s", MAIL.encode("utf-16", "surrogatepass")), "\x00"),
}


@pytest.mark.parametrize("probe", PROBES)
def test_probe(probe, capsys):
    """The output contains everything except the secret, and stderr is empty."""
    act, expected = PROBES[probe]
    if "surrogate" in probe:
        stream = Stream()
        stream.handler.setStream(io.TextIOWrapper(io.BytesIO(), "utf-8", "surrogatepass"))
        act(stream.log)
        assert capsys.readouterr().err == ""
        return
    stream = Stream()
    act(stream.log)
    written = stream.text()
    assert expected in written
    for secret in SECRETS:
        assert secret not in written.split("Traceback")[0]
        assert f": {secret}" not in written
    assert capsys.readouterr().err == ""


def test_cause_and_context():
    """No formatter writes the connection string of a cause or the key of a context."""
    stream = Stream()
    _in_except(_raise_chain, stream.log)
    assert "cannot reach postgresql://app:[db_url]@db:5432/app" in stream.text()

    class Own(logging.Formatter):
        def format(self, record: logging.LogRecord) -> str:
            return self.formatException(record.exc_info)

    stream.handler.setFormatter(Own())
    _in_except(_raise_chain, stream.log)
    assert "hunter2x9" not in stream.text()


def test_extra():
    """``extra`` is redacted by key and by value, whether a formatter reads one name or writes all of them."""

    class Whole(logging.Formatter):
        def format(self, record: logging.LogRecord) -> str:
            return json.dumps(record.__dict__, default=str)

    stream = Stream()
    stream.handler.setFormatter(Whole())
    stream.log.info("paid", extra={"password": "hunter2x9", "who": MAIL, "order": {"email": MAIL, "n": 3}, "count": 7})
    written = json.loads(stream.text())
    assert written["password"] == "[password]"
    assert written["who"] == "[email]"
    assert written["order"] == {"email": "[email]", "n": 3}
    assert written["count"] == 7
    assert set(written) - set(vars(logging.makeLogRecord({}))) == {"password", "who", "order", "count"}


def test_attribute_set_by_filter_is_redacted():
    """An attribute that a filter sets is redacted."""
    stream = Stream(form="%(user)s %(message)s")

    def add(record: logging.LogRecord) -> bool:
        record.user = MAIL
        return True

    stream.log.addFilter(add)
    stream.log.info("hello")
    assert stream.text() == "[email] hello\n"


def test_message_set_by_filter_is_redacted():
    """Arguments and a template that a filter sets are redacted for a formatter that reads them raw."""
    stream = Stream()

    def put(record: logging.LogRecord) -> bool:
        record.msg = f"{MAIL} of %s"
        record.args = (MAIL,)
        return True

    class Raw(logging.Formatter):
        def format(self, record: logging.LogRecord) -> str:
            return f"{record.msg} {record.args} {record.getMessage()}"

    stream.log.addFilter(put)
    stream.handler.setFormatter(Raw())
    stream.log.info("x")
    assert stream.text() == "[email] of %s ('[email]',) [email] of [email]\n"


def test_later_handlers_and_loggers():
    """A handler, logger and formatter created after install() get redacted records."""
    stream = Stream("later.on.made")
    late = io.StringIO()
    stream.log.addHandler(logging.StreamHandler(late))
    stream.log.warning("to %s", MAIL)
    assert late.getvalue() == "to [email]\n"


def test_uvicorn_access_lines():
    """The formatter of uvicorn can still unpack five arguments, and the query contains no token."""
    from uvicorn.logging import AccessFormatter

    stream = Stream("uvicorn.access")
    stream.handler.setFormatter(
        AccessFormatter('%(client_addr)s - "%(request_line)s" %(status_code)s', use_colors=False)
    )
    stream.log.info(
        '%s - "%s %s HTTP/%s" %d', "192.0.2.1:5533", "GET", f"/reset?token=aB3dE5gH7jK9mN1p&u={MAIL}", "1.1", 200
    )
    assert stream.text() == '192.0.2.1:5533 - "GET /reset?token=[generic_key]&u=[email] HTTP/1.1" 200 OK\n'


def test_gunicorn_access_lines():
    """gunicorn logs by a mapping with defaults for missing keys; the mapping keeps them."""
    from gunicorn.glogging import SafeAtoms

    stream = Stream("gunicorn.access")
    atoms = SafeAtoms({"h": "192.0.2.1", "r": "GET /x?api_key=aB3dE5gH7jK9mN1p HTTP/1.1", "s": "200"})
    stream.log.info('%(h)s "%(r)s" %(s)s %(missing)s', atoms)
    assert stream.text().endswith('192.0.2.1 "GET /x?api_key=[generic_key] HTTP/1.1" 200 -\n')


def test_gunicorn_atoms_as_json():
    """A formatter that writes the atoms of gunicorn as JSON gets redacted ones. A letter is not read as a key."""
    from gunicorn.glogging import SafeAtoms

    stream = Stream("gunicorn.access")

    class Whole(logging.Formatter):
        def format(self, record: logging.LogRecord) -> str:
            return json.dumps(record.args)

    stream.handler.setFormatter(Whole())
    atoms = SafeAtoms({
        "h": "2001:db8::8a2e:370:7334", "t": "[24/Nov/2026:10:00:00 +0000]", "q": "token=aB3dE5gH7jK9mN1p&page=2",
        "f": f"https://x.example/?u={MAIL}", "{authorization}i": "Bearer aB3dE5gH7jK9mN1p", "B": 12,
    })  # fmt: skip
    stream.log.info('%(h)s "%(q)s"', atoms)
    assert json.loads(stream.text()) == {
        "h": "2001:db8::8a2e:370:7334", "t": "[24/Nov/2026:10:00:00 +0000]", "q": "token=[generic_key]&page=2",
        "f": "https://x.example/?u=[email]", "{authorization}i": "Bearer [bearer]", "B": 12,
    }  # fmt: skip
    assert atoms["q"] == "token=aB3dE5gH7jK9mN1p&page=2"


def test_raw_template_and_arguments():
    """A handler that joins ``msg`` and ``args`` on its own gets redacted parts that still fit together."""
    stream = Stream()
    seen = []

    class Raw(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            seen.append((record.msg, record.args, record.msg % record.args))

    stream.log.addHandler(Raw())
    stream.log.info(f"{MAIL} password=%s n=%d", "hunter2x9", 7)
    stream.log.info("otp=%d n=%d", 482913, 7)
    assert seen == [
        ("[email] password=%s n=%d", ("[redacted]", 7), "[email] password=[redacted] n=7"),
        ("otp=[otp] n=7", (), "otp=[otp] n=7"),
    ]
    assert stream.text() == "INFO probe [email] password=[password] n=7\nINFO probe otp=[otp] n=7\n"


def test_values_are_counted_once():
    """A value is counted once, although it occurs in an argument, in the message and in a formatter."""
    redaction.install(Redactor())
    stream = Stream()
    stream.log.info("to %s of %s", MAIL, {"password": "hunter2x9"})
    stream.log.info(f"to {MAIL}")
    assert dict(redaction.current_redactor().counts) == {"email": 2, "password": 1}


def test_queue_and_pickle():
    """A record that passes a queue, a copy or a pickle stays redacted and stays a record."""
    stream = Stream()
    line: queue.SimpleQueue[logging.LogRecord] = queue.SimpleQueue()
    stream.log.addHandler(logging.handlers.QueueHandler(line))
    stream.log.info("to %s", MAIL, extra={"who": MAIL})
    record = line.get_nowait()
    for twin in (record, copy.copy(record), pickle.loads(pickle.dumps(record))):
        assert twin.getMessage() == "to [email]"
        assert twin.who == "[email]"
    received = logging.makeLogRecord({"msg": "to %s", "args": (MAIL,), "who": MAIL})
    assert (received.getMessage(), received.who) == ("to [email]", "[email]")


def test_raised_exception_is_not_modified():
    """The app's exception and arguments are never modified."""
    stream = Stream()
    error = ValueError(f"bad {MAIL}")
    body = {"password": "hunter2x9"}
    stream.log.error("failed %s", body, exc_info=error)
    assert error.args == (f"bad {MAIL}",)
    assert body == {"password": "hunter2x9"}


def test_previous_factory_is_chained():
    """A factory set before keeps making the records, and their class is kept."""
    redaction.uninstall()
    before = logging.getLogRecordFactory()

    class Own(logging.LogRecord):
        tag = "own"

    logging.setLogRecordFactory(Own)
    try:
        redaction.install()
        redaction.install()
        record = logging.getLogger("x").makeRecord("x", 20, "f", 1, "to %s", (MAIL,), None)
        assert isinstance(record, Own)
        assert record.getMessage() == "to [email]"
        redaction.uninstall()
        assert logging.getLogRecordFactory() is Own
    finally:
        logging.setLogRecordFactory(before)


def test_later_factory_is_wrapped():
    """install() wraps a foreign factory set later. A factory that calls ours neither loops nor redacts twice."""
    ours = logging.getLogRecordFactory()
    logging.setLogRecordFactory(lambda *args, **kwargs: ours(*args, **kwargs))
    redaction.install()
    stream = Stream()
    stream.log.info("to %s", MAIL)
    assert stream.text() == "INFO probe to [email]\n"
    logging.setLogRecordFactory(logging.LogRecord)


class Special(logging.LogRecord):
    """A record class of the app."""


class Making(logging.Logger):
    """A logger that makes its own records."""

    def makeRecord(self, *args, **kwargs):  # noqa: N802
        """Does not use the factory of the process."""
        return Special(*args[:7], **({} if len(args) < 8 else {"func": args[7]}))


def test_records_of_foreign_factories():
    """Records of a later factory, of a logger that makes its own, and made by hand are all redacted."""
    stream = Stream(form="%(message)s")
    making = Making("making")
    making.addHandler(stream.handler)
    before = logging.getLogRecordFactory()
    logging.setLogRecordFactory(Special)
    try:
        stream.log.error("one %s", DSN)
    finally:
        logging.setLogRecordFactory(before)
    making.error("two %s", MAIL)
    making.handle(logging.LogRecord("n", logging.ERROR, "p", 1, "three %s", (MAIL,), None))
    raw = {"msg": "four", "levelno": logging.ERROR, "exc_text": f"ConnectionError: {DSN}"}
    making.handle(logging.makeLogRecord(raw))
    clean = "postgresql://app:[db_url]@db:5432/app"
    assert stream.text() == f"one {clean}\ntwo [email]\nthree [email]\nfour\nConnectionError: {clean}\n"


def test_install_with_a_redactor():
    """A redactor passed to install() replaces the one before."""
    redaction.install(Redactor(patterns={"booking code": r"BK-\d{6}"}, allow=(MAIL,)))
    stream = Stream()
    stream.log.info("BK-123456 of %s", MAIL)
    assert stream.text() == f"INFO probe [booking code] of {MAIL}\n"
    assert dict(redaction.current_redactor().counts) == {"booking code": 1}


def test_failed_redaction_writes_a_marker(capsys):
    """If redaction itself fails, a marker is written: never the record, and never an exception into the app."""

    class Broken(Redactor):
        def __call__(self, value):
            raise RuntimeError("broken")

    redaction.install(Broken())
    stream = Stream()
    stream.log.info("to " + MAIL)
    stream.log.info("to %s", MAIL)
    stream.log.info("x", extra={"who": MAIL})
    written = stream.text()
    assert written.count("redacted") == 3
    assert MAIL not in written
    assert capsys.readouterr().err == ""


def test_argument_that_raises(capsys):
    """An argument whose __str__ raises becomes a marker, and the other arguments do not reach stderr raw."""

    class Bad:
        def __str__(self) -> str:
            raise ValueError(MAIL)

    stream = Stream()
    stream.log.info("a %s", Bad())
    assert "arguments do not fit" in stream.text()
    assert capsys.readouterr().err == ""


def test_failing_handler(capsys):
    """logging prints message and arguments when a handler fails; both are redacted by then."""
    stream = Stream()

    class Breaks(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            try:
                raise OSError(f"disk full for {MAIL}")
            except OSError:
                self.handleError(record)

    stream.log.addHandler(Breaks())
    stream.log.info("to %s", MAIL)
    err = capsys.readouterr().err
    assert "disk full" in err
    assert MAIL not in err


def test_warnings_are_redacted():
    """Warnings on stderr and warnings logged by captureWarnings() contain no address."""
    shown = warnings.formatwarning(UserWarning(f"old address {MAIL}"), UserWarning, "app.py", 1, "")
    assert shown == "app.py:1: UserWarning: old address [email]\n"


def test_uncaught_exceptions_of_threads(capsys):
    """The report of an exception that ends a thread contains no secret."""

    def fail() -> None:
        raise ConnectionError(DSN)

    thread = threading.Thread(target=fail, name="worker")
    with pytest.MonkeyPatch.context() as patch:
        redaction.uninstall()
        patch.setattr(threading, "excepthook", threading.__excepthook__)
        redaction.install()
        thread.start()
        thread.join()
        redaction.uninstall()
    err = capsys.readouterr().err
    assert "Exception in thread worker" in err
    assert "[db_url]" in err
    assert "hunter2x9" not in err


def test_exceptions_of_finalizers():
    """The interpreter's report of an exception in a finalizer contains no secret."""
    program = (
        "from launchready import redaction; redaction.install()\n"
        "class Held:\n"
        "    def __del__(self): raise ConnectionError('postgresql://app:' + 'hunter2' + 'x9@db/app')\n"
        "Held()\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60)
    assert "Exception ignored in" in done.stderr
    assert "ConnectionError: postgresql://app:[db_url]@db/app" in done.stderr
    assert "hunter2x9" not in done.stderr


def test_uncaught_exceptions():
    """The traceback of a dying process, with its causes, contains no connection string."""
    program = (
        "from launchready import redaction; redaction.install()\n"
        "def f(dsn):\n"
        "    try: raise ConnectionError(dsn)\n"
        "    except ConnectionError as e: raise RuntimeError('down') from e\n"
        "f('postgresql://app:' + 'hunter2' + 'x9@db/app')\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60)
    assert done.returncode == 1
    assert "RuntimeError: down" in done.stderr
    assert "postgresql://app:[db_url]@db/app" in done.stderr
    assert "hunter2x9" not in done.stderr


def test_uninstall():
    """uninstall() restores the standard factory and hooks."""
    redaction.uninstall()
    assert not redaction.installed()
    assert logging.getLogRecordFactory() is logging.LogRecord
    stream = Stream()
    stream.log.info("to %s", MAIL)
    assert MAIL in stream.text()


def test_structlog_processor():
    """The event is redacted by key and by value, in a copy."""
    event = {"event": f"login {MAIL}", "password": "hunter2x9", "n": 3}
    assert redaction.StructlogProcessor()(None, "info", event) == {
        "event": "login [email]",
        "password": "[password]",
        "n": 3,
    }
    assert event["password"] == "hunter2x9"


def test_structlog_exception_renderer():
    """A later processor that renders the current exception gets a redacted one."""
    structlog = pytest.importorskip("structlog")
    event = {"event": "down", "exc_info": True}
    try:
        raise ConnectionError(DSN)
    except ConnectionError:
        shown = structlog.processors.format_exc_info(
            None, "error", redaction.StructlogProcessor()(None, "error", event)
        )
    assert "ConnectionError: postgresql://app:[db_url]@db:5432/app" in shown["exception"]
    assert event == {"event": "down", "exc_info": True}


def test_loguru_patcher():
    """Message, extra and exception of a loguru record are redacted."""
    held = collections.namedtuple("RecordException", "type value traceback")(
        ValueError, ValueError(f"bad {MAIL}"), None
    )
    record = {"message": f"to {MAIL}", "extra": {"token": "aB3dE5gH7jK9mN1p"}, "exception": held}
    redaction.LoguruPatcher()(record)
    assert record["message"] == "to [email]"
    assert record["extra"] == {"token": "[generic_key]"}
    assert str(record["exception"].value) == "bad [email]"


def test_loguru_writes_no_local_variables():
    """With the defaults of loguru, a traceback has its frames and chain, and no local variables."""
    import loguru

    out = io.StringIO()
    loguru.logger.remove()
    number = loguru.logger.add(out, format="{level} {message}", backtrace=True, diagnose=True)
    loguru.logger.configure(patcher=redaction.LoguruPatcher())
    try:
        try:
            _with_local(SECRETS[2])
        except RuntimeError:
            loguru.logger.exception("paid by {}", MAIL)
    finally:
        loguru.logger.remove(number)
        loguru.logger.configure(patcher=lambda record: None)
    written = out.getvalue()
    assert "hunter2x9" not in written
    assert MAIL not in written
    assert written.startswith("ERROR paid by [email]\nTraceback (most recent call last):\n")
    assert "in _with_local" in written
    assert "direct cause" in written
    assert written.endswith("\nRuntimeError: no client [email]\n")


def _with_local(password: str) -> None:
    try:
        raise ConnectionError(f"cannot log in with password={password}")
    except ConnectionError as error:
        raise RuntimeError(f"no client {MAIL}") from error
