"""How the processes of a job meet: beside strangers, over the network, and when one is lost."""

from __future__ import annotations

import socket
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path

import pytest

from xlcollab.errors import ProcessLostError
from xlcollab.factor.several import lines as room
from xlcollab.factor.several.lines import Lines, Place, connected
from xlcollab.factor.several.processes import Processes

TOLD = {
    "RANK": "2",
    "WORLD_SIZE": "3",
    "LOCAL_WORLD_SIZE": "3",
    "TORCHELASTIC_RUN_ID": "none",
    "TORCHELASTIC_RESTART_COUNT": "0",
    "MASTER_ADDR": "localhost",
    "MASTER_PORT": "29500",
}


def places(job: str, size: int = 3, *, is_here: bool = True) -> list[Place]:
    return [Place(rank, size, "localhost", job, is_here) for rank in range(size)]


def met(who: list[Place]) -> list[Lines]:
    with ThreadPoolExecutor(len(who)) as pool:
        return list(pool.map(connected, who, timeout=120))


def all_say(found: list[Lines]) -> list[list[object]]:
    with ThreadPoolExecutor(len(found)) as pool:
        return list(pool.map(lambda one: one.say(one.rank), found, timeout=120))


@contextmanager
def stranger(place: Place) -> Iterator[None]:
    """Somebody else at the port at which the first process would be met, who hangs up at once."""
    port = place.ports()[0]
    with socket.create_server(("127.0.0.1", port)) as door, ThreadPoolExecutor(1) as pool:

        def answer() -> None:
            with suppress(OSError):
                while True:
                    door.accept()[0].close()

        pool.submit(answer)
        yield
        door.shutdown(socket.SHUT_RDWR)


@pytest.mark.parametrize("is_here", [True, False])
def test_all_meet_and_hear_one_another(is_here: bool, tmp_path: Path) -> None:
    found = met(places(str(tmp_path), is_here=is_here))
    assert all_say(found) == [[0, 1, 2]] * 3
    for one in found:
        one.close()


def test_a_port_of_somebody_else_is_passed_over(tmp_path: Path) -> None:
    who = places(str(tmp_path), 2)
    with stranger(who[0]):
        found = met(who)
        assert all_say(found) == [[0, 1]] * 2
    for one in found:
        one.close()


def test_who_does_not_know_the_job_is_turned_away(tmp_path: Path) -> None:
    who = places(str(tmp_path), 2)
    other = replace(who[1], job="another")
    door = room._door(who[0])
    with ThreadPoolExecutor(1) as pool:
        lines = Lines(0, 2)
        until = time.monotonic() + 60
        opened = pool.submit(room._let_in, door, range(1, 2), lines, who[0], until)
        with pytest.raises(room.LINE_ERRORS):
            room._greeted(other, 0, "127.0.0.1", door.getsockname()[1])
        room._greeted(who[1], 0, "127.0.0.1", door.getsockname()[1]).close()
        opened.result(timeout=60)
    door.close()
    lines.close()


def test_who_hangs_up_is_told_as_lost(tmp_path: Path) -> None:
    one, other = met(places(str(tmp_path), 2))
    other.close()
    with pytest.raises(ProcessLostError, match=r"another process .* \(.+\); start anew"):
        Processes(0, 2, lines=one).total(1.0)
    one.close()


def test_a_restart_is_another_job() -> None:
    place = Place.of(TOLD)
    assert (place.rank, place.size, place.is_here) == (2, 3, True)
    again = Place.of(TOLD | {"TORCHELASTIC_RESTART_COUNT": "1"})
    assert again.key != place.key
    assert again.ports() != place.ports()
    assert not Place.of(TOLD | {"LOCAL_WORLD_SIZE": "1"}).is_here
