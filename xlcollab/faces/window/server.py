"""The server of the page: on 127.0.0.1 alone, and only for who knows the token."""

from __future__ import annotations

import secrets
import threading
import webbrowser
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


class Window:
    """A page for one run: `with Window() as window: … window.stream.tell(…)`.

    With `opens` it is shown in the browser. At the end whoever looks on is told all that is left.
    """

    def __init__(self, *, opens: bool = True) -> None:
        self.stream = Stream()
        self.token = secrets.token_urlsafe(24)
        self._opens = opens
        self._opened = False
        self._server = _Server((HOST, 0), _Handler)
        self._server.window = self
        self.readers = threading.Semaphore(0)
        """One is released when a reader connects."""
        self.told = threading.Event()
        """Set when a reader was told the end."""

    @property
    def url(self) -> str:
        """The address of the page, token included."""
        return f"http://{HOST}:{self._server.server_address[1]}/?token={self.token}"

    def __enter__(self) -> Self:
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        self._opened = self._opens and webbrowser.open(self.url)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        sentence = "" if error is None else str(error)
        self.stream.tell({"kind": "done", "sentence": sentence})
        if self.readers.acquire(timeout=_SECONDS_TO_CONNECT if self._opened else 0.01):
            self.told.wait(_SECONDS_TO_READ)
        self._server.shutdown()
        self._server.server_close()


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
        self.send_error(403)
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
        window.readers.release()
        place = 0
        try:
            while not (window.stream.is_over and not window.stream.since(place, 0.0)):
                events = window.stream.since(place, _BEAT)
                place += len(events)
                text = "".join(f"data: {event}\n\n" for event in events) or ": beat\n\n"
                self.wfile.write(text.encode())
                self.wfile.flush()
        except OSError:
            return  # the reader is gone
        window.told.set()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - as the library has it
        """Nothing: the terminal is the run's."""
