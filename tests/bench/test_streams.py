"""Readers of event streams find what is wrong with them; both servers of the benchmark deliver."""

import socket
from collections.abc import Iterator

import pytest

from bench import streaming, streams
from bench.method import Leg
from bench.subscribers import Reader, Subscribers, make_room, wrong
from chassis.sse import PING


@pytest.fixture
def wire() -> Iterator[tuple[socket.socket, Reader]]:
    server, client = socket.socketpair()
    with server, client:
        yield server, Reader(client)


def test_every_reader_must_have_every_change_once_and_in_order() -> None:
    assert wrong([[4, 5], [4, 5]], [4, 5]) == []
    assert wrong([[4], [4, 5]], [4, 5]) == ["1 changes lost or altered"]
    assert wrong([[4, 5, 5]], [4, 5]) == ["1 changes doubled"]
    assert wrong([[5, 4]], [4, 5]) == ["1 streams out of order"]
    assert wrong([[4, 5, 6]], [4, 5]) == ["1 changes that nobody made"]


def test_a_change_counts_once_it_is_whole_and_pings_are_no_changes(
    wire: tuple[socket.socket, Reader],
) -> None:
    server, reader = wire
    frame, said = streaming.change_at(7).frame, dict[int, bytes]()
    server.sendall(b"HTTP/1.1 200 OK\r\n\r\nretry: 1000\n\n" + frame[:50])
    assert (reader.take(said), reader.has_begun) == (0, True)
    server.sendall(frame[50:] + PING + streaming.change_at(8).frame)
    assert (reader.take(said), reader.positions) == (2, [7, 8])


def test_what_differs_from_what_others_were_told_does_not_count(
    wire: tuple[socket.socket, Reader],
) -> None:
    server, reader = wire
    server.sendall(streaming.change_at(7).frame)
    assert reader.take({7: b"{}"}) == 0


def test_the_rate_is_per_second_of_the_servers_processor() -> None:
    assert streams.per_core(Leg(1000, 2.0, 0.1, 0.5)).rate == 2000


@pytest.mark.parametrize("name", sorted(streaming.SERVERS))
def test_both_servers_deliver_every_change_to_everybody(name: str) -> None:
    with (
        streaming.started(name) as server,
        Subscribers(server.port, streaming.PATH) as readers,
    ):
        readers.open(3)
        leg = streams.leg(server, readers, seconds=0)
    assert (leg.operations, leg.faults) == (30, ())


def test_a_stream_that_ends_is_a_fault() -> None:
    with (
        streaming.started("bare") as server,
        Subscribers(server.port, streaming.PATH) as readers,
    ):
        readers.open(2)
        server.process.kill()
        with pytest.raises(TimeoutError):
            readers.wait_for(1, patience_seconds=0.5)
        assert readers.faults([1]) == ["2 changes lost or altered", "2 streams ended"]


def test_more_connections_than_the_system_allows_are_refused() -> None:
    with pytest.raises(RuntimeError, match="ulimit"):
        make_room(10**9)
