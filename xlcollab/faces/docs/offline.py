"""The site as plain files, for reading without a network or a server."""

from __future__ import annotations

import html
import re
import shutil
from collections.abc import Iterable
from pathlib import Path

from xlcollab import __version__
from xlcollab.disk import atomic_file
from xlcollab.faces.docs.pages import Page, all_pages, pictures

_LINK = re.compile(r'href="([\w.-]+)\.md(#[^"]*)?"')
_TABLE = re.compile(r"<table>.*?</table>", re.DOTALL)
_MANY, _LONG = 5, 150
"""Columns of a table, and characters of a cell."""
_EXTENSIONS = ["tables", "fenced_code", "toc", "sane_lists"]
_STYLE = Path(__file__).with_name("style.css").read_text("utf-8")


def write_site(folder: Path) -> Path:
    """Write all pages into a folder; returns the first one."""
    pages = all_pages()
    for one in pages:
        with atomic_file(folder / _file(one.name)) as stream:
            stream.write(_document(one, pages).encode("utf-8"))
    place = folder / "pictures"
    place.mkdir(exist_ok=True)
    for picture in pictures():
        shutil.copyfile(picture, place / picture.name)
    return folder / _file(pages[0].name)


def is_site(folder: Path) -> bool:
    """Whether these pages, of any version, were written into a folder."""
    first = folder / _file("index.md")
    return first.is_file() and b'<nav id="pages"><strong>xlcollab' in first.read_bytes()


def _file(name: str) -> str:
    return f"{name.removesuffix('.md')}.html"


def _document(page: Page, pages: Iterable[Page]) -> str:
    title = html.escape(page.title)
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{title} · xlcollab</title><style>{_STYLE}</style></head><body>\n"
        f'<nav id="pages"><strong>xlcollab {__version__}</strong>{_navigation(page, pages)}</nav>\n'
        f'<main><a class="all" href="#pages">All pages</a>\n{_body(page.text)}\n</main>'
        "</body></html>\n"
    )


def _navigation(page: Page, pages: Iterable[Page]) -> str:
    parts, section = [], ""
    for one in pages:
        if one.section != section:
            section = one.section
            parts.append(f"<h2>{html.escape(section)}</h2>")
        here = ' class="here"' if one.name == page.name else ""
        parts.append(f'<a href="{_file(one.name)}"{here}>{html.escape(one.title)}</a>')
    return "".join(parts)


def _body(text: str) -> str:
    """Markdown as MkDocs reads it, with links to the files that are written here."""
    import markdown

    found: str = markdown.markdown(text, extensions=_EXTENSIONS)
    found = _LINK.sub(lambda link: f'href="{link[1]}.html{link[2] or ""}"', found)
    return _TABLE.sub(lambda table: _scrolling(table[0]), found)


def _scrolling(table: str) -> str:
    """A table that is scrolled where it is wider than the window; with long texts in many columns
    it is never squeezed, which would make it very long."""
    n_columns = table.split("</tr>")[0].count("</th>")
    has_texts = any(len(cell) > _LONG for cell in table.split("</td>"))
    kind = "wide texts" if n_columns >= _MANY and has_texts else "wide"
    return f'<div class="{kind}">{table}</div>'
