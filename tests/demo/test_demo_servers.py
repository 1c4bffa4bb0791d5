"""No process of the demo outlives it."""

from pathlib import Path

import pytest

from launchready.demo.servers import NotStarted, Servers, free_port, python

LISTENS = """
import socket, sys, time
listener = socket.create_server(("127.0.0.1", int(sys.argv[1])))
print("listening", flush=True)
while True: time.sleep(1)
"""
IGNORES_SIGTERM = "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN)\n" + LISTENS
WITH_CHILD = "import os\nos.fork()\n" + IGNORES_SIGTERM.replace(
    "int(sys.argv[1])", "0 if os.getpid() != os.getpgid(0) else int(sys.argv[1])"
)


@pytest.mark.parametrize(
    "program",
    [LISTENS, IGNORES_SIGTERM, WITH_CHILD],
    ids=["obeys", "ignores SIGTERM", "with a child that ignores SIGTERM"],
)
def test_the_whole_group_is_gone_after_the_block(tmp_path: Path, program: str) -> None:
    """The group ends whether or not it obeys SIGTERM, children included, and also when the block raises."""
    port = free_port()
    servers = Servers()
    server = servers.start(python("-c", program, str(port)), port=port, log=tmp_path / "log")

    def interrupted() -> None:
        with servers:
            server.wait_until_listening()
            server.wait_until_written("listening", 1)
            assert server.alive()
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert not server.alive()


def test_a_server_that_does_not_start_says_why(tmp_path: Path) -> None:
    """The error contains the last lines of the process's log."""
    port = free_port()
    with Servers() as servers:
        server = servers.start(python("-c", "raise SystemExit('no such app')"), port=port, log=tmp_path / "log")
        with pytest.raises(NotStarted, match="no such app"):
            server.wait_until_listening()
