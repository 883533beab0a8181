"""The window: its events over HTTP, its Stop, and who is refused."""

from __future__ import annotations

import http.client
import json
import math
import re
import shutil
import subprocess
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from tests.build import build
from tests.faces.shell import BOWL, bowl, minimised, xlcollab
from tests.graddesc.typed_tabs import Layout, sgd_cells
from xlcollab import api
from xlcollab.api.solve import solving
from xlcollab.api.solve.compiling import Compiled
from xlcollab.api.solve.running import solve_book
from xlcollab.api.tabs.book import run_book
from xlcollab.faces.window.server import Window
from xlcollab.faces.window.stream import Stream
from xlcollab.grid import CellEdit
from xlcollab.optim import Objective, Solution, solve
from xlcollab.settings.asked import Asked
from xlcollab.settings.requests.solve import SolveRequest
from xlcollab.settings.requests.tabs import RunRequest
from xlcollab.settings.solving import Settings


def ask(
    url: str, path: str = "/", *, method: str = "GET", token: str | None = None, host: str = ""
) -> tuple[int, str, dict[str, str]]:
    parts = urlsplit(url)
    own = parts.query.removeprefix("token=")
    client = http.client.HTTPConnection(str(parts.hostname), int(parts.port or 0), timeout=20)
    headers = {"Host": host} if host else {}
    client.request(method, f"{path}?token={own if token is None else token}", headers=headers)
    answer = client.getresponse()
    return answer.status, answer.read().decode(), dict(answer.getheaders())


def events_of(text: str) -> list[dict[str, Any]]:
    return [json.loads(line[6:]) for line in text.splitlines() if line.startswith("data: ")]


def seen(run: Callable[[Stream], object]) -> list[dict[str, Any]]:
    """The events that a reader is told who comes before the run and stays to its end."""
    found: list[str] = []
    with Window(opens=False) as window:
        reader = threading.Thread(target=lambda: found.append(ask(window.url, "/events")[1]))
        reader.start()
        run(window.stream)
    reader.join(20)
    return events_of(found[0])


def request(path: Path, **settings: object) -> SolveRequest:
    return SolveRequest(book=path, settings=Asked.of(Settings, settings))


def test_a_model_is_seen_from_its_start_to_its_end(tmp_path: Path) -> None:
    cells = BOWL | {"D1": "test RMSE", "E1": ("=ABS(A1)", 1.0)}
    names = minimised("S", "S!$B$1", "S!$A$1:$A$2")
    path = build(tmp_path / "b.xlsx", {"S": cells}, names)
    asked = request(path, method="gd", learning_rate=0.1, iterations=20)
    events = seen(lambda stream: solve_book(asked, viewer=stream))
    kinds = [event["kind"] for event in events]
    assert kinds[0] == "begin"
    assert kinds[-2:] == ["end", "done"]
    assert events[0]["others"] == ["test RMSE"]
    rows = [event for event in events if event["kind"] == "row"]
    assert [row["step"] for row in rows] == list(range(21))
    assert rows[0]["loss"] == 8.0
    assert rows[-1]["loss"] < 0.1
    assert rows[-1]["others"]["test RMSE"] == pytest.approx(3.0, abs=0.2)
    last = [event for event in events if event["kind"] == "weights"][-1]
    assert last["blocks"][0]["name"] == "S!A1:A2"
    flat = [value for line in last["blocks"][0]["rows"] for value in line]
    assert flat == pytest.approx([3.0, -1.0], abs=0.3)


def test_what_is_seen_is_what_is_written_without_a_window(tmp_path: Path) -> None:
    options = {"method": "adam", "learning_rate": 0.1, "iterations": 30}
    plain = solve_book(request(bowl(tmp_path / "a.xlsx"), **options))
    shown = solve_book(request(bowl(tmp_path / "b.xlsx"), **options), viewer=Stream())
    first, second = (one.outcomes[0].solution for one in (plain, shown))  # type: ignore[union-attr]
    assert second.objective == pytest.approx(first.objective, rel=1e-9)


@pytest.mark.parametrize("method", ["gd", "lbfgs", "sqp", "evolutionary"])
def test_the_weights_that_are_told_are_those_of_the_rows(tmp_path: Path, method: str) -> None:
    """The start first; and the machine that makes the steps is there for who looks on, too."""
    told: list[list[float]] = []

    def point(weights: Callable[[], list[CellEdit]]) -> None:
        told.append([float(v) for one in weights() for v in one.numbers.ravel()])

    book = api.open(bowl(tmp_path / "b.xlsx"))
    solved = book.solve(method=method, iterations=30, seed=1, history=False, on_point=point)
    rows = solved.solution.history.weights.tolist()
    assert told[0] == [1.0, 1.0]
    assert told[1:] == rows or told == rows


def test_who_looks_on_takes_no_machine_away(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is optimised is what was compiled, with whatever machine it has."""
    made: list[Objective] = []
    compiled = Compiled.objective

    def making(model: Compiled, place: Any) -> Objective:
        made.append(compiled(model, place))
        return made[-1]

    def noting(objective: Objective, *given: Any) -> Solution:
        assert objective is made[-1]
        return solve(objective, *given)

    monkeypatch.setattr(Compiled, "objective", making)
    monkeypatch.setattr(solving, "solve", noting)
    asked = request(bowl(tmp_path / "b.xlsx"), method="gd", learning_rate=0.1, iterations=5)
    assert solve_book(asked, viewer=Stream()).exit_code == 0
    assert made


def test_stop_ends_the_run_and_keeps_its_best(tmp_path: Path) -> None:
    class Impatient(Stream):
        def tell(self, event: Any) -> None:
            super().tell(event)
            if event["kind"] == "row" and event["step"] == 3:
                self.stop()

    asked = request(bowl(tmp_path / "b.xlsx"), method="gd", learning_rate=0.01, iterations=10_000)
    run = solve_book(asked, viewer=Impatient())
    assert run.exit_code == 130
    assert str(run.outcomes[0].status) == "interrupted"
    assert run.output is not None


def test_stop_comes_from_the_page(tmp_path: Path) -> None:
    with Window(opens=False) as window:
        assert not window.stream.is_stopped()
        assert ask(window.url, "/stop", method="POST")[0] == 204
        assert window.stream.is_stopped()


def test_a_tab_is_seen_too(tmp_path: Path) -> None:
    path = build(tmp_path / "g.xlsx", {"lesson": sgd_cells(Layout())})
    asked = RunRequest(book=path, epochs=3)
    events = seen(lambda stream: run_book(asked, stream))
    rows = [event["step"] for event in events if event["kind"] == "row"]
    assert rows == [0, 1, 2]
    assert any(event["kind"] == "weights" for event in events)
    assert events[-2]["sentence"] == "3 epochs were run."


def test_a_tab_under_another_rule_is_seen_and_stopped(tmp_path: Path) -> None:
    class Impatient(Stream):
        def tell(self, event: Any) -> None:
            super().tell(event)
            if event["kind"] == "row" and event["step"] == 2:
                self.stop()

    path = build(tmp_path / "g.xlsx", {"lesson": sgd_cells(Layout())})
    stream = Impatient()
    runs = run_book(RunRequest(book=path, epochs=50, optimizer="adam"), stream)
    events = [json.loads(one) for one in stream.since(0, 0.0) if one]
    rows = [event["step"] for event in events if event["kind"] == "row"]
    assert rows == [0, 1, 2]
    assert all(event["steps"] == 50 for event in events if event["kind"] == "row")
    cells = [block for event in events if event["kind"] == "weights" for block in event["blocks"]]
    assert all(math.isfinite(block["rows"][0][0]) for block in cells)
    assert cells
    assert runs.exit_code == 130


def test_one_step_is_not_many(tmp_path: Path) -> None:
    path = build(tmp_path / "g.xlsx", {"lesson": sgd_cells(Layout())})
    assert run_book(RunRequest(book=path, epochs=1)).runs[0].message == "1 epoch was run."
    run = solve_book(request(bowl(tmp_path / "b.xlsx"), method="gd", iterations=1))
    assert " 1 iteration was made." in run.outcomes[0].solution.message  # type: ignore[union-attr]


def test_the_page_is_whole_and_asks_nobody_else() -> None:
    with Window(opens=False) as window:
        code, page, headers = ask(window.url)
    assert code == 200
    assert not re.findall(r"(?:src|href)=", page)
    assert "http" not in page
    assert headers["Content-Security-Policy"].startswith("default-src 'none'")
    nonce = re.findall(r'nonce="([^"]+)"', page)
    assert len(set(nonce)) == 1
    assert f"script-src 'nonce-{nonce[0]}'" in headers["Content-Security-Policy"]


@pytest.mark.parametrize(("path", "method"), [("/", "GET"), ("/events", "GET"), ("/stop", "POST")])
def test_who_does_not_know_the_token_is_refused(path: str, method: str) -> None:
    with Window(opens=False) as window:
        assert ask(window.url, path, method=method, token="guess")[0] == 403
        assert ask(window.url, path, method=method, token="")[0] == 403
        assert ask(window.url, path, method=method, host="evil.example")[0] == 403
        assert not window.stream.is_stopped()
        assert ask(window.url, "/other", method=method)[0] == 404
        assert window.url.startswith("http://127.0.0.1:")


def test_many_rows_are_thinned() -> None:
    stream = Stream()
    for step in range(50_000):
        stream.tell({"kind": "row", "step": step})
    stream.tell({"kind": "done"})
    assert 20_000 <= len(stream.since(0, 0.0)) < 40_000
    assert json.loads(stream.since(0, 0.0)[-1])["kind"] == "done"


def test_of_the_pictures_the_last_is_kept() -> None:
    stream = Stream()
    for step in range(100):
        stream.tell({"kind": "weights", "blocks": [{"name": str(step), "rows": [[0.0] * 100]}]})
    kept = [one for one in stream.since(0, 0.0) if one]
    assert [json.loads(one)["blocks"][0]["name"] for one in kept] == ["99"]


def test_a_second_page_is_told_the_end_too(tmp_path: Path) -> None:
    found: list[str] = []
    with Window(opens=False) as window:
        tabs = [
            threading.Thread(target=lambda: found.append(ask(window.url, "/events")[1]))
            for _ in range(3)
        ]
        for tab in tabs:
            tab.start()
        solve_book(request(bowl(tmp_path / "b.xlsx"), method="gd"), viewer=window.stream)
    for tab in tabs:
        tab.join(20)
    assert [events_of(text)[-1]["kind"] for text in found] == ["done"] * 3


@pytest.mark.parametrize(
    "line", ["watch empty.xlsx", "watch no.csv", "solve empty.xlsx --browser",
             "run empty.xlsx --browser", "fit no.csv --browser"],
)  # fmt: skip
def test_a_run_that_is_refused_has_no_page(
    line: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened: list[str] = []
    monkeypatch.setattr("webbrowser.open", opened.append)
    monkeypatch.chdir(tmp_path)
    build(tmp_path / "empty.xlsx", {"S": {"A1": "nothing"}})
    done = xlcollab(*line.split())
    assert done.code == 3
    assert "http" not in done.err
    assert not opened


@pytest.mark.parametrize("command", ["solve", "watch"])
def test_the_shell_tells_the_address(
    command: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("webbrowser.open", lambda url: False)
    option = "--browser" if command == "solve" else "--no-browser"
    done = xlcollab(command, bowl(tmp_path / "b.xlsx"), option, "-o", tmp_path / "out.xlsx")
    assert done.code == 0, done.err
    assert "the run is shown at http://127.0.0.1:" in done.err
    assert (tmp_path / "out.xlsx").is_file()


def test_ratings_are_watched_too(tmp_path: Path) -> None:
    lines = [f"{user},{item},{1 + (user * item) % 5}" for user in range(9) for item in range(6)]
    (tmp_path / "r.csv").write_text("\n".join(["user,item,rating", *lines]))
    done = xlcollab("watch", tmp_path / "r.csv", "--no-browser", "--epochs", 2)
    assert done.code == 0, done.err
    assert "the run is shown at" in done.err


def test_a_fit_tells_how_it_ended(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "r.csv").write_text("user,item,rating\n1,1,3\n1,2,4\n2,1,5\n2,2,1\n")
    streams: list[Stream] = []
    plain = Stream.__init__

    def noting(stream: Stream, *given: Any) -> None:
        streams.append(stream)
        plain(stream, *given)

    monkeypatch.setattr(Stream, "__init__", noting)
    assert xlcollab("watch", tmp_path / "r.csv", "--no-browser", "--epochs", 2).code == 0
    events = [json.loads(one) for one in streams[0].since(0, 0.0) if one]
    assert [event["sentence"] for event in events if event["kind"] == "end"] == [
        "All epochs were run."
    ]


CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")


@pytest.mark.slow
@pytest.mark.skipif(CHROMIUM is None, reason="needs Chromium")
def test_a_real_browser_draws_the_run(tmp_path: Path) -> None:
    """The page has read the whole run, by its own script under its own policy."""
    asked = request(bowl(tmp_path / "b.xlsx"), method="gd", learning_rate=0.1, iterations=40)
    with Window(opens=False) as window:
        solve_book(asked, viewer=window.stream)
        window.stream.tell({"kind": "done", "sentence": ""})
        page = subprocess.run(
            [
                str(CHROMIUM), "--headless", "--no-sandbox", "--disable-gpu",
                f"--user-data-dir={tmp_path / 'profile'}", "--virtual-time-budget=8000",
                "--window-size=390,800", "--dump-dom", window.url,
            ],
            capture_output=True, text=True, timeout=120, check=True,
        ).stdout  # fmt: skip
    assert "step 40 of 40, loss" in page
    assert ">S!B1</h1>" in page
    assert re.search(r"loss [\d.e-]+</span>", page)
    assert re.search(r'S!A1:A2</figcaption><canvas [^>]*width="1" height="2"', page)
    assert re.search(r'<button id="stop" disabled', page)
    assert "done – xlcollab" in page
