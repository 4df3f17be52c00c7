"""Ports that tests name are theirs until they end."""

import socket
import subprocess
import sys

from tests.ports import GIVEN, free_port, is_free, kept
from tests.processes import ROOT


def test_nobody_is_given_one_by_chance() -> None:
    first, last = map(int, GIVEN.read_text().split())
    ports = [free_port() for _ in range(50)]
    assert len(set(ports)) == 50
    assert not any(first <= port <= last for port in ports)
    assert not any(kept(port) for port in ports)


def test_one_that_another_process_took_is_let_alone() -> None:
    ask = f"from tests.ports import kept; print(kept({free_port()}))"
    assert subprocess.check_output([sys.executable, "-c", ask], cwd=ROOT) == b"False\n"


def test_one_where_somebody_listens_is_not_free() -> None:
    for kind in (socket.SOCK_STREAM, socket.SOCK_DGRAM):
        port = free_port()
        with socket.socket(socket.AF_INET, kind) as other:
            other.bind(("127.0.0.1", port))
            if kind is socket.SOCK_STREAM:
                other.listen()
            assert not is_free(port)
        assert is_free(port)
