"""A coverage-guided fuzzer over what reads strangers' bytes: which input ends in no error of ours?

    pip install atheris
    python -m tests.fuzz formula --seconds 3600
    python -m tests.fuzz part --seconds 3600

Not run by pytest: an hour for each target is meant. What it finds is printed as bytes and kept in
the folder it is started in (`crash-…`); known inputs grow in --corpus.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

import atheris

with atheris.instrument_imports(include=["xlcollab"]):
    from tests.faces.hostile_books import base, packed
    from xlcollab.errors import XlcollabError
    from xlcollab.files import FileBook
    from xlcollab.formula import parse, to_text
    from xlcollab.kernels.text.calendar import moment_from_text
    from xlcollab.kernels.text.number_format import format_value
    from xlcollab.kernels.text.texts import number_from_text
    from xlcollab.kernels.text.wildcards import find_wildcard, matches_wildcard
    from xlcollab.ratings import read_ratings

_FOLDER = Path(tempfile.mkdtemp())
_VALUES = (0.0, -0.5, 1.0, 59.999999, 1e15, -1e-300, 45_000.75, 1e300)


def _formula(data: bytes) -> None:
    """Parsed or refused; what was parsed is printed and read again as the same."""
    row, column = 9, 3
    tree = parse(data.decode("utf-8", "replace"), row, column)
    if parse(to_text(tree, row, column), row, column) != tree:
        raise AssertionError("read back otherwise")


def _texts(data: bytes) -> None:
    """Number formats, numbers and dates in texts, wildcards."""
    text = data.decode("utf-8", "replace")
    pattern, _, subject = text.partition("\n")
    number_from_text(text)
    moment_from_text(text)
    matches_wildcard(pattern, subject)
    find_wildcard(pattern, subject)
    for value in (*_VALUES, subject):
        format_value(value, pattern)


def _part(data: bytes) -> None:
    """A part of a small workbook, chosen by the first byte, is whatever the rest says."""
    parts = dict(base())
    name = sorted(parts)[data[0] % len(parts)] if data else "xl/workbook.xml"
    path = _FOLDER / "book.xlsx"
    path.write_bytes(packed({**parts, name: data[1:]}))
    FileBook(path).read()


def _package(data: bytes) -> None:
    """Any bytes as a workbook."""
    path = _FOLDER / "book.xlsx"
    path.write_bytes(data)
    FileBook(path).read()


def _ratings(data: bytes) -> None:
    """Any bytes as ratings; the first of them chooses the form."""
    endings = (".csv", ".tsv", ".txt", ".inter", ".jsonl", ".data", ".dat", ".csv.gz", ".csv.zip")
    path = _FOLDER / f"ratings{endings[data[0] % len(endings)] if data else '.csv'}"
    path.write_bytes(data[1:])
    read_ratings(path)


TARGETS: dict[str, tuple[Callable[[bytes], None], Callable[[], list[bytes]]]] = {
    "formula": (_formula, lambda: [b"=SUM(A$1:B2,'x y'!C3)*-2%^{1,2;3,4}", b'=T[[#All],[a]]&"q"']),
    "texts": (_texts, lambda: [b"[h]:mm:ss.00", b"# ?/?;-0.0E+0,;@\n1/2/2024 5 pm", b"a*?~*\nab*"]),
    "part": (_part, lambda: [bytes([k]) + _bytes(v) for k, (_, v) in enumerate(_sorted())]),
    "package": (_package, lambda: [packed(base())]),
    "ratings": (
        _ratings,
        lambda: [b"\0user,item,rating\na,b,4\n", b"\4" + b'{"user":1,"item":2}\n'],
    ),
}
"""What is fed and the inputs it begins with."""


def _sorted() -> list[tuple[str, str | bytes]]:
    return sorted(dict(base()).items())


def _bytes(content: str | bytes) -> bytes:
    return content.encode() if isinstance(content, str) else content


def main() -> None:
    """Feed one target until the time is over or an error that is not ours comes out."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("target", choices=TARGETS)
    parser.add_argument("--seconds", type=int, default=3600)
    parser.add_argument("--corpus", type=Path, default=None)
    asked = parser.parse_args()
    feed, seeds = TARGETS[asked.target]
    corpus = asked.corpus or _FOLDER / "corpus"
    corpus.mkdir(parents=True, exist_ok=True)
    for number, seed in enumerate(seeds()):
        (corpus / f"seed-{number}").write_bytes(seed)

    def one(data: bytes) -> None:
        try:
            feed(data)
        except XlcollabError:
            return  # refused with a sentence

    options = [f"-max_total_time={asked.seconds}", "-timeout=25", "-rss_limit_mb=2048"]
    atheris.Setup([sys.argv[0], *options, str(corpus)], one)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
