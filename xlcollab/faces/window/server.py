"""The server of the page: on 127.0.0.1 alone, and only for who knows the token."""

from __future__ import annotations

import secrets
import threading
import webbrowser
from collections.abc import Callable
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import TracebackType
from typing import Self
from urllib.parse import parse_qs, urlsplit

from xlcollab.faces.window.stream import Stream

HOST = "127.0.0.1"
_PAGE = Path(__file__).with_name("page.html")
_POLICY = (
    "default-src 'none'; style-src 'nonce-{0}'; script-src 'nonce-{0}'; connect-src 'self'; "
    "img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
_SECONDS_TO_CONNECT, _SECONDS_TO_READ = 10.0, 3.0
"""How long an end waits for a browser that was opened, and for readers to be told all."""
_BEAT = 1.0
"""Seconds after which a page is told that nothing happened, by which a closed one is noticed."""
_REFUSAL = (
    "403: this page is shown to who has its whole address, token included: the line that begins"
    " with 'the run is shown at'.\n"
)


class Window:
    """A page for one run: `with Window() as window: … window.stream.tell(…)`.

    When the first run begins, `say` is told the address, and with `opens` it is shown in the
    browser. At the end all who look on are told what is left.
    """

    def __init__(self, *, opens: bool = True, say: Callable[[str], None] | None = None) -> None:
        self.stream = Stream(self._show)
        self.readers = Readers()
        self.token = secrets.token_urlsafe(24)
        self._opens, self._say = opens, say
        self._opened = False
        self._server = _Server((HOST, 0), _Handler)
        self._server.window = self

    @property
    def url(self) -> str:
        """The address of the page, token included."""
        return f"http://{HOST}:{self._server.server_address[1]}/?token={self.token}"

    def __enter__(self) -> Self:
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        return self

    def _show(self) -> None:
        if self._say is not None:
            self._say(self.url)
        self._opened = self._opens and webbrowser.open(self.url)

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        sentence = "" if error is None else str(error)
        self.stream.tell({"kind": "done", "sentence": sentence})
        self.readers.wait(_SECONDS_TO_CONNECT if self._opened else 0.0, _SECONDS_TO_READ)
        self._server.shutdown()
        self._server.server_close()


class Readers:
    """Who reads the events: how many do now, and whether anybody ever did."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._here, self._came = 0, False

    def __enter__(self) -> None:
        self._move(1)

    def __exit__(self, *exception: object) -> None:
        self._move(-1)

    def _move(self, by: int) -> None:
        with self._changed:
            self._here, self._came = self._here + by, True
            self._changed.notify_all()

    def wait(self, to_come: float, to_go: float) -> None:
        """Wait so many seconds at most for a first one, and then until all have gone."""
        with self._changed:
            self._changed.wait_for(lambda: self._came, to_come)
            self._changed.wait_for(lambda: not self._here, to_go)


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    window: Window


class _Handler(BaseHTTPRequestHandler):
    """GET / is the page, GET /events the stream, POST /stop ends the run."""

    server: _Server
    server_version = "xlcollab"
    sys_version = ""

    def do_GET(self) -> None:
        path = self._path()
        if path == "/":
            self._send_page()
        elif path == "/events":
            self._send_events()
        elif path is not None:
            self.send_error(404)

    def do_POST(self) -> None:
        path = self._path()
        if path == "/stop":
            self.server.window.stream.stop()
            self._send(204, b"", "text/plain")
        elif path is not None:
            self.send_error(404)

    def _path(self) -> str | None:
        """What is asked for; None, and a refusal, for who does not know the token, or comes by
        another name than this machine's."""
        window, port = self.server.window, self.server.server_address[1]
        parts = urlsplit(self.path)
        token = parse_qs(parts.query).get("token", [""])[0]
        known = self.headers.get("Host", "") in (f"{HOST}:{port}", f"localhost:{port}")
        if known and secrets.compare_digest(token.encode(), window.token.encode()):
            return parts.path
        self._send(403, _REFUSAL.encode(), "text/plain; charset=utf-8")
        return None

    def _send_page(self) -> None:
        nonce = secrets.token_urlsafe(16)
        page = _PAGE.read_text("utf-8").replace("@NONCE@", nonce).encode()
        self._send(200, page, "text/html; charset=utf-8", _POLICY.format(nonce))

    def _send(self, code: int, body: bytes, kind: str, policy: str = "default-src 'none'") -> None:
        self.send_response(code)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Content-Security-Policy", policy)
        self.send_header("Referrer-Policy", "no-referrer")
        self.send_header("Cache-Control", "no-store")
        self.end_headers()
        self.wfile.write(body)

    def _send_events(self) -> None:
        """Server-sent events (WHATWG HTML, 9.2), from the first one on, until the run is over."""
        window = self.server.window
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.send_header("Cache-Control", "no-store")
        self.end_headers()
        with window.readers, suppress(OSError):  # a reader may go
            self._send_all(window.stream)

    def _send_all(self, stream: Stream) -> None:
        place, more = 0, True
        while more:
            events = stream.since(place, _BEAT)
            place += len(events)
            text = "".join(f"data: {event}\n\n" for event in events if event) or ": beat\n\n"
            self.wfile.write(text.encode())
            self.wfile.flush()
            more = not stream.is_over_at(place)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - as the library has it
        """Nothing: the terminal is the run's."""
