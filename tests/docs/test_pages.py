"""The pages say what there is: commands and options exist, links lead somewhere."""

from __future__ import annotations

import html
import re
import shlex
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pytest
from typer.main import get_command

from tests.faces.shell import xlcollab
from xlcollab.faces.cli import build
from xlcollab.faces.docs.commands import shell_commands
from xlcollab.faces.docs.offline import write_site
from xlcollab.faces.docs.pages import GENERATED, ORDER, Page, all_pages, pictures
from xlcollab.faces.udf import FUNCTIONS
from xlcollab.settings.control import CONTROL, label


def flags_of(command: Any) -> frozenset[str]:
    """Every way in which the options of a command are typed."""
    own = [flag for one in command.params for flag in (*one.opts, *one.secondary_opts)]
    return frozenset(["-h", "--help", *(flag for flag in own if flag.startswith("-"))])


COMMANDS = {name: flags_of(command) for name, command in shell_commands().items()}
OPTIONS = flags_of(get_command(build())).union(*COMMANDS.values())
"""Those of any command, and those before one."""
PAGES = {page.name: page for page in all_pages()}
HISTORY = {"changelog.md", "trust.md"}
"""What was and what is tested: these name commands of other programs and former options."""
CURRENT = [page for page in PAGES.values() if page.name not in HISTORY]


def lines(text: str) -> Iterator[str]:
    """Every command line of ours on a page: in blocks, in tables, in the middle of a sentence."""
    text = text.replace("\\\n", " ")
    blocks = re.findall(r"^```\w*\n(.*?)^```", text, re.MULTILINE | re.DOTALL)
    spans = re.findall(r"`([^`\n]+)`", re.sub(r"^```.*?^```", "", text, flags=re.M | re.S))
    for one in [*(line for block in blocks for line in block.splitlines()), *spans]:
        yield from re.findall(
            r"(?:^|&& )xlcollab (.+?)(?= && |$)", one.partition("   #")[0].strip()
        )


@pytest.mark.parametrize("page", CURRENT, ids=lambda page: page.name)
def test_every_command_line_is_one_of_ours(page: Page) -> None:
    for line in lines(page.text):
        command, *rest = shlex.split(line.replace("…", ""))
        if command == "COMMAND":
            continue
        assert command in COMMANDS, line
        for flag in (word for word in rest if re.match(r"--?[a-z]", word)):
            assert flag in COMMANDS[command], f"{flag} in: {line}"


@pytest.mark.parametrize("page", CURRENT, ids=lambda page: page.name)
def test_every_option_named_in_a_sentence_exists(page: Page) -> None:
    for span in re.findall(r"`(--[^`\n]+)`", page.text):
        for flag in re.findall(r"(?<!\S)--[a-z][\w-]*", span):
            assert flag in OPTIONS, f"{flag} on {page.name}"


@pytest.mark.parametrize("page", CURRENT, ids=lambda page: page.name)
def test_every_function_for_cells_exists(page: Page) -> None:
    known = {one.__name__.upper() for one in FUNCTIONS}
    assert set(re.findall(r"\bXLC_[A-Z]+\b", page.text.replace("\\_", "_"))) <= known


def test_no_option_setting_or_function_is_missing_in_the_reference() -> None:
    commands = PAGES["commands.md"].text
    for name, flags in COMMANDS.items():
        part = commands.partition(f"\n## {name}\n")[2].partition("\n## ")[0]
        for flag in flags - {"-h", "--help"}:
            assert re.search(rf"`{re.escape(flag)}[ `]", part), f"{flag} of {name}"
    for name in CONTROL:
        assert f"| `{label(name)}` |" in PAGES["control.md"].text
    for function in FUNCTIONS:
        assert f"\n## {function.__name__.upper()}\n" in PAGES["functions.md"].text


def test_the_sections_name_pages_that_are_there() -> None:
    assert {name for names in ORDER.values() for name in names} <= PAGES.keys()
    assert GENERATED.keys() <= PAGES.keys()
    assert len(pictures()) >= 3


class Links(HTMLParser):
    """The ids of a page, and what it refers to."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.ids: set[str] = set()
        self.links: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = dict(attrs)
        self.ids |= {found["id"]} if found.get("id") else set()
        self.links += [link for name in ("href", "src") if (link := found.get(name))]


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_site(tmp_path_factory.mktemp("site")).parent


def test_every_link_leads_to_a_page_a_place_or_a_picture(site: Path) -> None:
    read = {file.name: Links(file.read_text("utf-8")) for file in site.glob("*.html")}
    assert read.keys() == {name.replace(".md", ".html") for name in PAGES}
    for name, page in read.items():
        for link in (unquote(html.unescape(one)) for one in page.links):
            if re.match(r"https?:|mailto:", link):
                continue
            target, _, place = link.partition("#")
            assert (site / (target or name)).is_file(), f"{link} on {name}"
            assert not place or place in read[target or name].ids, f"{link} on {name}"


def test_nothing_is_loaded_from_a_network(site: Path) -> None:
    for file in site.glob("*.html"):
        text = file.read_text("utf-8")
        assert not re.search(r"<script|<link|<img[^>]+src=\"http|@import|url\(", text), file.name


def test_docs_prints_the_first_page_and_writes_them_all(tmp_path: Path) -> None:
    for _ in range(2):  # the second time over the first
        done = xlcollab("docs", "--no-browser", "-o", tmp_path / "pages")
        assert done.code == 0
        assert Path(done.out.strip()) == tmp_path / "pages" / "index.html"
    text = Path(done.out.strip()).read_text("utf-8")
    assert "The first minute" in text
    assert 'href="sigmoid.html"' in text
    assert (tmp_path / "pages" / "pictures" / "solved_sheet.png").is_file()


def test_docs_asks_the_browser_unless_told_otherwise(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []
    monkeypatch.setattr("webbrowser.open", lambda address: bool(asked.append(address)))
    assert xlcollab("docs", "-o", tmp_path).code == 0
    assert asked == [(tmp_path / "index.html").as_uri()]


def test_a_folder_that_cannot_be_is_told_in_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    done = xlcollab("docs", "--no-browser", "-o", tmp_path / "file")
    assert done.code == 3
    assert "file" in done.sentence
