"""The lesson's buttons pressed in LibreOffice through its API. Run by the system's own Python.

    python3 office_replay.py BOOK SHEET[,SHEET…] EPOCH [EPOCH …]

prints one JSON object: {sheet: {"seconds": of the epochs, "0": {cell: value}, "5": …}}. It starts a
LibreOffice of its own, with a profile of its own, and ends it.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

# (target, source) of an epoch, and what is read out.
COPIES = {
    "basic SGD": "C2=D32 C1=C32",
    "momentum": "J33=J32 K33=K32 C2=D32 C1=C32",
    "adagrad": "F1=F33 G1=G33 C2=I32 C1=H32",
    "rmsprop": "J33=J32 K33=K32 C2=D32 C1=C32",
    "adam": "L33=L32 M33=M32 J33=J32 K33=K32 C2=D32 C1=C32",
    "eve": "F35=F34 F34=F33 M33=M32 N33=N32 K33=K32 L33=L32 C2=D32 C1=C32 F37=F38",
    "adagrad_ann": "F1=F33 G1=G33 C2=D32 C1=C32",
    "adam_ann": "L33=L32 M33=M32 J33=J32 K33=K32 C2=D32 C1=C32",
}
RESETS = {
    "basic SGD": ["C1=1 C2=1"],
    "momentum": ["J33=0 K33=0 C1=1 C2=1 D2=0.0001", "J33=J32 K33=K32"],
    "adagrad": ["F1=10000 G1=10000 C1=1 C2=1", "F1=F33 G1=G33"],
    "rmsprop": ["J33=10000 K33=10000 C1=1 C2=1", "J33=J32 K33=K32", "J33=J32 K33=K32"],
    "adam": [
        "L33=10000 M33=10000 J33=0 K33=0 C1=1 C2=1 D2=1",
        *["L33=L32 M33=M32", "J33=J32 K33=K32"] * 2,
    ],
    "eve": [
        "M33=10000 N33=10000 K33=0 L33=0 C1=1 C2=1 D2=1",
        *["M33=M32 N33=N32", "K33=K32 L33=L32"] * 2,
        "F34=F33 F35=F33/2",
        "F37=1",
    ],
    "adagrad_ann": ["F1=1000000 G1=1000000 C1=1 C2=1 J1=100 D2=0.5"],
    "adam_ann": [
        "L33=10000 M33=10000 J33=0 K33=0 C1=1 C2=1 D2=1",
        *["L33=L32 M33=M32 J33=J32 K33=K32"] * 2,
        "N3=N33",
    ],
}


class Tab:
    """One sheet of an open document; nothing recalculates by itself."""

    def __init__(self, document: Any, name: str) -> None:
        self.document, self.name = document, name
        self.sheet = document.Sheets.getByName(name)
        document.enableAutomaticCalculation(False)
        document.calculateAll()

    def value(self, address: str) -> float:
        return float(self.sheet.getCellRangeByName(address).Value)

    def put(self, address: str, value: float) -> None:
        self.sheet.getCellRangeByName(address).Value = value

    def assign(self, text: str) -> None:
        """ "C1=C32 D2=0.5 F35=F33/2": all read first, all written, then recalculated."""
        pairs = [pair.split("=") for pair in text.split()]
        values = [self.read(source) for _, source in pairs]
        for (target, _), value in zip(pairs, values):  # noqa: B905 - an old system Python
            self.put(target, value)
        self.document.calculate()

    def read(self, source: str) -> float:
        if source[0].isdigit():
            return float(source)
        cell, _, divisor = source.partition("/")
        return self.value(cell) / float(divisor or 1)

    def reset(self) -> None:
        for step in RESETS[self.name]:
            self.assign(step)

    def epoch(self) -> None:
        self.assign(COPIES[self.name])
        if self.name == "adagrad_ann":
            while self.value("H33") > 2 * self.value("J1"):
                self.assign("D2=D2/2")
            self.assign("J1=H33")
        if self.name == "adam_ann":
            if self.value("N34") > 2:
                self.assign("D2=D2/4")
            if self.value("N33") < self.value("N3"):
                self.assign("N3=N33")

    def cells(self) -> dict[str, float]:
        """Every cell that an epoch writes, and the loss where the tab has one."""
        names = {pair.split("=")[0] for pair in COPIES[self.name].split()}
        names |= {"basic SGD": {"F33"}, "eve": {"F33"}}.get(self.name, {"D2"})
        return {name: self.value(name) for name in sorted(names)}


def open_document(book: str, folder: str) -> tuple[Any, subprocess.Popen[bytes]]:
    import uno
    from com.sun.star.beans import PropertyValue

    pipe = f"replay{time.time_ns()}"
    office = subprocess.Popen(
        [
            "soffice",
            "--headless",
            "--norestore",
            f"-env:UserInstallation={Path(folder, 'profile').as_uri()}",
            f"--accept=pipe,name={pipe};urp;",
        ]
    )
    local = uno.getComponentContext()
    resolver = local.ServiceManager.createInstance("com.sun.star.bridge.UnoUrlResolver")
    url = f"uno:pipe,name={pipe};urp;StarOffice.ComponentContext"
    for _ in range(120):
        try:
            context = resolver.resolve(url)
            break
        except Exception:
            time.sleep(0.5)
    desktop = context.ServiceManager.createInstance("com.sun.star.frame.Desktop")
    hidden = PropertyValue(Name="Hidden", Value=True)
    return desktop.loadComponentFromURL(Path(book).as_uri(), "_blank", 0, (hidden,)), office


def replay(document: Any, sheet: str, epochs: list[int]) -> dict[str, Any]:
    tab = Tab(document, sheet)
    tab.reset()
    found: dict[str, Any] = {"0": tab.cells()}
    began = time.perf_counter()
    for number in range(1, max(epochs) + 1):
        tab.epoch()
        if number in epochs:
            found[str(number)] = tab.cells()
    found["seconds"] = time.perf_counter() - began
    return found


def main(book: str, sheets: str, *epochs: str) -> None:
    with tempfile.TemporaryDirectory() as folder:
        document, office = open_document(book, folder)
        try:
            counts = [int(text) for text in epochs]
            print(json.dumps({name: replay(document, name, counts) for name in sheets.split(",")}))
            document.close(True)
        finally:
            office.terminate()
            office.wait()


if __name__ == "__main__":
    main(*sys.argv[1:])
