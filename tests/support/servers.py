"""Private servers on free ports, for tests that stop, kill and freeze them.

The rule for what is not on this machine: a test that needs it is skipped, and the reason names it; where CI=true is in
the environment nothing is skipped, and the same reason fails the test.
"""

import atexit
import contextlib
import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from pathlib import Path

import pytest

PASSWORD = "".join(reversed("terces-ton"))


def needs(what, found):
    """``found`` where it is truthy; else skip, or fail in CI, and name what is missing."""
    if not found:
        reason = f"needs {what}, which is not on this machine"
        if os.environ.get("CI") == "true":
            pytest.fail(reason)
        pytest.skip(reason)
    return found


def program(name):
    """The path of a program, also where Debian and Homebrew hide PostgreSQL's."""
    hidden = sorted(Path("/usr/lib/postgresql").glob(f"*/bin/{name}"), reverse=True)
    hidden += sorted(Path("/opt/homebrew/opt").glob(f"postgresql*/bin/{name}"), reverse=True)
    return needs(f"the program {name}", str(hidden[0]) if hidden else shutil.which(name))


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def until(check, what, seconds=20.0):
    """Poll until ``check()`` is truthy, and answer that."""
    deadline = time.monotonic() + seconds
    while True:
        if answer := check():
            return answer
        assert time.monotonic() < deadline, f"waited {seconds} s for: {what}"
        time.sleep(0.01)


class Server:
    """A process of our own. ``url`` works while it runs."""

    url = ""
    command: tuple[str, ...] = ()
    owner = None
    patience = 20.0  # seconds until it answers

    def __init__(self):
        self.port = free_port()
        self.folder = Path(tempfile.mkdtemp(prefix="launchready-"))
        self.process = None

    def ready(self):
        raise NotImplementedError

    def start(self):
        if self.process is None:
            log = self.folder / "log"
            with log.open("ab") as out:
                self.process = subprocess.Popen(
                    self.command,
                    cwd=self.folder,
                    stdout=out,
                    stderr=out,
                    user=self.owner,
                    group=self.owner,
                    extra_groups=[] if self.owner else None,
                )
            until(
                lambda: self.ready() or self.process.poll() is not None, f"{self.command[0]} to answer", self.patience
            )
            if self.process.poll() is not None:
                self.process = None
                raise AssertionError(f"{self.command[0]} did not start: {log.read_text()[-600:]}")
        return self

    def family(self):
        """The server and its children."""
        listed = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children")
        text = (
            listed.read_text()
            if listed.exists()
            else subprocess.run(["pgrep", "-P", str(self.process.pid)], capture_output=True, text=True).stdout
        )
        return [self.process.pid, *map(int, text.split())]

    def signal(self, number):
        for pid in self.family():
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, number)

    def pause(self):
        self.signal(signal.SIGSTOP)

    def resume(self):
        self.signal(signal.SIGCONT)

    def kill(self):
        self.signal(signal.SIGKILL)
        self.process.wait(10)
        self.process = None

    def stop(self):
        if self.process is not None:
            self.process.send_signal(signal.SIGINT)
            self.process.wait(10)
            self.process = None

    def close(self):
        if self.process is not None:
            self.kill()
        shutil.rmtree(self.folder, ignore_errors=True)


class RedisServer(Server):
    def __init__(self):
        self.binary = program("redis-server")
        super().__init__()
        self.url = f"redis://:{PASSWORD}@127.0.0.1:{self.port}/0"
        self.command = (
            self.binary, "--port", str(self.port), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no",
            "--dir", str(self.folder), "--requirepass", PASSWORD, "--unixsocket", str(self.folder / "redis.sock"),
        )  # fmt: skip

    def ready(self):
        try:
            with socket.create_connection(("127.0.0.1", self.port), 1) as probe:
                probe.sendall(b"PING\r\n")
                return probe.recv(64).startswith(b"-NOAUTH")
        except OSError:
            return False


class RedisNode(RedisServer):
    """A node of a cluster; alone it serves nothing."""

    def __init__(self):
        super().__init__()
        self.command += (
            "--cluster-enabled", "yes", "--cluster-node-timeout", "2000", "--masterauth", PASSWORD,
            "--cluster-port", str(free_port()),
        )  # fmt: skip


class RedisCluster:
    """Three nodes with a third of the slots each. ``url`` names the first, as a user would."""

    def __init__(self):
        self.nodes = [RedisNode() for _ in range(3)]
        self.url = self.nodes[0].url

    def start(self):
        import redis

        clients = []
        for node in self.nodes:
            node.start()
            clients.append(redis.Redis.from_url(node.url))
        edges = [0, 5461, 10923, 16384]
        for index, client in enumerate(clients):
            client.execute_command("CLUSTER", "ADDSLOTSRANGE", edges[index], edges[index + 1] - 1)
        first = self.nodes[0]
        bus = first.command[first.command.index("--cluster-port") + 1]
        for client in clients[1:]:
            client.execute_command("CLUSTER", "MEET", "127.0.0.1", first.port, bus)
        for client in clients:
            until(lambda each=client: b"cluster_state:ok" in each.execute_command("CLUSTER", "INFO"), "the cluster")
            until(lambda each=client: len(each.execute_command("CLUSTER", "SLOTS")) == 3, "its slots")
            client.close()
        return self

    def close(self):
        for node in self.nodes:
            node.close()


def run(command, **how):
    """A program that prepares a server. Where it fails, what it said is the error."""
    done = subprocess.run(command, capture_output=True, text=True, **how)
    assert done.returncode == 0, f"{command[0]}: {done.stdout[-2000:]}{done.stderr[-2000:]}"


class PostgreSQLServer(Server):
    def __init__(self):
        self.binary, initdb = program("postgres"), program("initdb")
        super().__init__()
        user = "postgres"
        if os.geteuid() == 0:  # PostgreSQL does not run as root
            self.owner = needs(
                "a user named postgres", next((user for entry in pwd.getpwall() if entry.pw_name == user), None)
            )
            shutil.chown(self.folder, user)
        data = str(self.folder / "data")
        secret = self.folder / "secret"
        secret.write_text(PASSWORD)
        secret.chmod(0o644)
        run(
            [initdb, "-D", data, "-U", user, "-A", "scram-sha-256", "--pwfile", str(secret), "--no-sync", "-E", "UTF8", "--locale", "C"],
            cwd=self.folder, user=self.owner, group=self.owner, extra_groups=[] if self.owner else None,
        )  # fmt: skip
        self.url = f"postgresql://{user}:{PASSWORD}@127.0.0.1:{self.port}/postgres"
        self.command = (
            self.binary, "-D", data, "-p", str(self.port), "-k", str(self.folder), "-c", "listen_addresses=127.0.0.1",
            "-c", "fsync=off", "-c", "shared_buffers=32MB", "-c", "max_connections=60", "-c", "autovacuum=off",
        )  # fmt: skip

    def ready(self):
        import psycopg

        try:
            psycopg.connect(self.url, connect_timeout=2).close()
        except psycopg.OperationalError:
            return False
        return True


class MySQLServer(Server):
    """MariaDB, or MySQL where that is what there is."""

    def __init__(self):
        self.binary = program("mariadbd")
        super().__init__()
        user = "mysql"
        if os.geteuid() == 0:  # it does not run as root without being told
            self.owner = needs(
                "a user named mysql", next((user for entry in pwd.getpwall() if entry.pw_name == user), None)
            )
            shutil.chown(self.folder, user)
        data = str(self.folder / "data")
        as_owner = {"user": self.owner, "group": self.owner, "extra_groups": [] if self.owner else None}
        run(
            [program("mariadb-install-db"), "--no-defaults", f"--datadir={data}", "--auth-root-authentication-method=normal",
             "--skip-test-db", "--skip-name-resolve"],
            cwd=self.folder, **as_owner,
        )  # fmt: skip
        first = self.folder / "first.sql"
        first.write_text(
            "CREATE DATABASE IF NOT EXISTS app;\n"
            f"CREATE OR REPLACE USER app@'127.0.0.1' IDENTIFIED BY '{PASSWORD}';\n"
            "GRANT ALL ON *.* TO app@'127.0.0.1';\n"
        )
        first.chmod(0o644)
        self.url = f"mysql://app:{PASSWORD}@127.0.0.1:{self.port}/app"
        self.command = (
            self.binary, "--no-defaults", f"--datadir={data}", f"--port={self.port}", "--bind-address=127.0.0.1",
            f"--socket={self.folder}/mysql.sock", f"--pid-file={self.folder}/pid", f"--init-file={first}",
            "--skip-name-resolve", "--innodb-flush-log-at-trx-commit=0", "--innodb-buffer-pool-size=32M",
            "--skip-log-bin",
        )  # fmt: skip

    def stop(self):
        if self.process is not None:
            self.process.terminate()  # it takes no SIGINT
            self.process.wait(20)
            self.process = None

    def ready(self):
        import pymysql

        from launchready.stores.mysql import parameters

        try:
            pymysql.connect(**parameters(self.url), connect_timeout=2).close()
        except pymysql.Error:
            return False
        return True


_KINDS = {"redis": RedisServer, "postgresql": PostgreSQLServer, "mysql": MySQLServer}
_running: dict[str, Server] = {}


def server(name):
    """The one private server of this kind in this run, started; None where a store of this name needs none."""
    if name not in _KINDS:
        return None
    if name not in _running:
        _running[name] = _KINDS[name]()
    return _running[name].start()


def store_url(name, folder):
    """A URL for the store of this name, that works. A new store in src gets a line here, or a server above."""
    own = {"memory": "memory://", "sqlite": f"sqlite:///{folder}/store.db"}
    if name in own:
        return own[name]
    assert name in _KINDS, f"tests/support/servers.py does not know how to serve the store {name!r}"
    return server(name).url


def close_all():
    while _running:
        _running.popitem()[1].close()


atexit.register(close_all)  # where a folder's tests have no fixture that does
