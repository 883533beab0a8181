"""Lines between the processes of a job: what one of them sends, another receives.

torchrun starts the processes and tells each its rank and where the first one is; torch itself,
which would take 200 MB in every process, is not loaded. Every two processes have one line (a socket
of the standard library's multiprocessing), over which nobody speaks who does not know the name of
the job: drawn by torchrun on one machine, chosen by the user on several. Who knows it is believed.
"""

from __future__ import annotations

import hashlib
import os
import pickle
import socket
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from multiprocessing import AuthenticationError
from multiprocessing.connection import Connection, answer_challenge, deliver_challenge
from typing import Any

from numpy.typing import NDArray

Array = NDArray[Any]
LINE_ERRORS = (OSError, EOFError, AuthenticationError)
"""What a line raises when the other end is gone, or is somebody else."""
_PIECE = 1 << 20
"""Bytes of an array that are sent at once: what receives them holds as many beside it."""
_PATIENCE = 600.0
"""Seconds in which all processes of a job must have been started."""
_SILENCE = 10.0
"""Seconds after which a port that says nothing is taken for somebody else's."""
_PORTS = range(20_000, 60_000)
_HERE = "127.0.0.1"
_TRIED = 8
"""Ports at which the first process may be met: one of them will be free."""


@dataclass(frozen=True, slots=True)
class Place:
    """Which process this is, of how many, and how it meets the others."""

    rank: int
    size: int
    host: str
    """Where the first process runs."""
    job: str
    """Its name, which only its processes should know, once more for every restart of it."""
    is_here: bool
    """Whether all of them run on this machine."""

    @staticmethod
    def of(environment: Mapping[str, str]) -> Place:
        """What torchrun tells a process that it starts."""
        named = ("TORCHELASTIC_RUN_ID", "TORCHELASTIC_RESTART_COUNT", "MASTER_ADDR", "MASTER_PORT")
        size = environment["WORLD_SIZE"]
        return Place(
            rank=int(environment["RANK"]),
            size=int(size),
            host=environment.get("MASTER_ADDR", "localhost"),
            job=" ".join(environment.get(name, "") for name in named),
            is_here=environment.get("LOCAL_WORLD_SIZE") == size,
        )

    @property
    def key(self) -> bytes:
        """The secret of the job."""
        return hashlib.sha256(self.job.encode()).digest()

    def ports(self) -> list[int]:
        """Where the first process listens, the first of these that is free."""
        seeds = (hashlib.sha256(f"{self.job} {i}".encode()).digest() for i in range(_TRIED))
        return [_PORTS[int.from_bytes(seed[:4]) % len(_PORTS)] for seed in seeds]


@dataclass(slots=True)
class Lines:
    """One line to every other process; `sender` sends while this thread receives."""

    rank: int
    size: int
    to: dict[int, Connection] = field(default_factory=dict)
    sender: ThreadPoolExecutor = field(default_factory=lambda: ThreadPoolExecutor(1))

    def swap(self, parts: Sequence[Array], found: Sequence[Array]) -> None:
        """Array r of `parts` to rank r, and what rank r sends into array r of `found`, which is as
        long; all are contiguous. Every process calls this at once. Raises LINE_ERRORS."""
        found[self.rank][:] = parts[self.rank]
        for later in range(1, self.size):
            to, source = (self.rank + later) % self.size, (self.rank - later) % self.size
            with self._sent(partial(self._send, to, parts[to])):
                _receive(self.to[source], found[source])

    def say(self, thing: object) -> list[Any]:
        """What every process says, by rank: small things, which are pickled."""
        whole = pickle.dumps(thing)
        found: list[Any] = [thing] * self.size
        for later in range(1, self.size):
            to, source = (self.rank + later) % self.size, (self.rank - later) % self.size
            with self._sent(partial(self.to[to].send_bytes, whole)):
                found[source] = pickle.loads(self.to[source].recv_bytes())
        return found

    def pass_on(self, array: Array, found: Array) -> None:
        """An array to the rank before, and that of the next one into `found`."""
        with self._sent(partial(self._send, (self.rank - 1) % self.size, array)):
            _receive(self.to[(self.rank + 1) % self.size], found)

    def close(self) -> None:
        """The other ends hear of it."""
        for line in self.to.values():
            with suppress(OSError), _socket(line) as end:
                end.shutdown(socket.SHUT_RDWR)  # also wakes what waits to send
            line.close()
        self.sender.shutdown()

    def _send(self, to: int, array: Array) -> None:
        for piece in _pieces(array):
            self.to[to].send_bytes(piece)

    def _sent(self, send: Callable[[], None]) -> _Sent:
        return _Sent(self.sender.submit(send))


@dataclass(slots=True)
class _Sent:
    """What is sent while the block runs, and has been when it ends."""

    future: Future[None]

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        if kind is None:
            self.future.result()


def _pieces(array: Array) -> Iterator[memoryview]:
    flat = array.data.cast("B") if array.size else memoryview(b"")
    for begin in range(0, len(flat), _PIECE):
        yield flat[begin : begin + _PIECE]


def _receive(line: Connection, array: Array) -> None:
    for piece in _pieces(array):
        line.recv_bytes_into(piece)


def connected(place: Place) -> Lines:
    """The lines of this process to all others, when all have met. Raises LINE_ERRORS, TimeoutError
    if they do not."""
    lines = Lines(place.rank, place.size)
    deadline = time.monotonic() + _PATIENCE
    with _door(place) as door:
        if place.rank == 0:
            _let_in(door, range(1, place.size), lines, place, deadline)
        else:
            lines.to[0] = _first(place, deadline)
        doors = _told_by_first(lines, [_host(lines, place), door.getsockname()[1]])
        for rank in range(1, place.rank):
            lines.to[rank] = _called(place, rank, doors[rank], deadline)
        if place.rank:
            _let_in(door, range(place.rank + 1, place.size), lines, place, deadline)
    return lines


def _door(place: Place) -> socket.socket:
    """Where others find this process: the first one at a port that all know."""
    both = socket.has_dualstack_ipv6() and not place.is_here
    family = socket.AF_INET6 if both else socket.AF_INET
    host = _HERE if place.is_here else ""
    for port in place.ports() if place.rank == 0 else [0]:
        with suppress(OSError):
            return socket.create_server(
                (host, port), family=family, backlog=place.size, dualstack_ipv6=both
            )
    raise OSError("no port of this machine is free for the processes to meet")


def _host(lines: Lines, place: Place) -> str:
    """Where the others find this process: the address from which it has reached the first one,
    or, on that one's machine, the name of this."""
    if place.rank == 0:
        return place.host
    with _socket(lines.to[0]) as end:
        found = str(end.getsockname()[0])
    return place.host if found.startswith("127.") or found == "::1" else found


def _told_by_first(lines: Lines, mine: list[Any]) -> list[list[Any]]:
    """The door of every process: host and port. All tell the first one, which tells all."""
    if lines.rank:
        lines.to[0].send(mine)
        found: list[list[Any]] = lines.to[0].recv()
        return found
    doors = [mine, *(lines.to[rank].recv() for rank in range(1, lines.size))]
    for rank in range(1, lines.size):
        lines.to[rank].send(doors)
    return doors


def _let_in(door: socket.socket, ranks: range, lines: Lines, place: Place, deadline: float) -> None:
    """A line to each of the ranks, as they come; who does not know the job is turned away."""
    while not all(rank in lines.to for rank in ranks):
        door.settimeout(max(0.01, deadline - time.monotonic()))
        line = _line(door.accept()[0])
        try:
            deliver_challenge(line, place.key)
            answer_challenge(line, place.key)
            rank = line.recv()
            line.send(place.rank)
        except (*LINE_ERRORS, AssertionError):
            line.close()
            continue
        lines.to[rank] = line


def _first(place: Place, deadline: float) -> Connection:
    """A line to the first process, wherever it listens."""
    host = _HERE if place.is_here else place.host
    while time.monotonic() < deadline:
        for port in place.ports():
            with suppress(*LINE_ERRORS, AssertionError):
                return _greeted(place, 0, host, port)
        time.sleep(0.05)
    raise TimeoutError(f"nobody answered at {place.host}")


def _called(place: Place, rank: int, door: list[Any], deadline: float) -> Connection:
    host = _HERE if place.is_here else str(door[0])
    return _greeted(place, rank, host, int(door[1]))


def _greeted(place: Place, rank: int, host: str, port: int) -> Connection:
    """A line to a process at a port, where it is that one. Raises LINE_ERRORS."""
    line = _line(socket.create_connection((host, port), timeout=_SILENCE))
    try:
        if not line.poll(_SILENCE):
            raise TimeoutError(f"{host}:{port} says nothing")
        answer_challenge(line, place.key)
        deliver_challenge(line, place.key)
        line.send(place.rank)
        if line.recv() != rank:
            raise AuthenticationError(f"{host}:{port} is another process")
    except BaseException:
        line.close()
        raise
    return line


def _line(one: socket.socket) -> Connection:
    one.settimeout(None)
    one.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    one.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return Connection(one.detach())


def _socket(line: Connection) -> socket.socket:
    """The socket of a line, beside it."""
    return socket.socket(fileno=os.dup(line.fileno()))
