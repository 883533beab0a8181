"""The VBA around our functions in cells: written when the add-in is built, so that nobody has to
trust macros that write macros."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable

from xlcollab.faces import udf
from xlcollab.faces.udf_call import CATEGORY

MODULE = "XlcFunctions"
_LONGEST_HELP = 255
"""Characters that Excel's function wizard takes."""
_HEAD = f'''Attribute VB_Name = "{MODULE}"
' Written by `xlcollab addin build` from the functions in xlcollab.faces.udf.
Option Explicit
'''


def module_text(functions: Iterable[Callable[..., object]] = udf.FUNCTIONS) -> str:
    """The module with a wrapper for every function, and with `XlcDescribe`."""
    known = list(functions)
    return "\n".join([_HEAD, *map(_wrapper, known), _described(known)])


def excel_name(function: Callable[..., object]) -> str:
    """The name in cells: XLC_FIT. Names in VBA hold no dot."""
    return function.__name__.upper()


def _wrapper(function: Callable[..., object]) -> str:
    """As xlwings would write it, with `XlcWithErrors` around the result."""
    name, arguments = excel_name(function), _arguments(function)
    said = ", ".join(
        f"{'Optional ' if optional else ''}{argument} As Variant"
        for argument, optional in arguments
    )
    handed = ", ".join([*(argument for argument, _ in arguments), "Nothing"])
    call = f'XLPy.CallUDF("{udf.__name__}", "{function.__name__}", given, ActiveWorkbook, caller)'
    return "\n".join(
        [
            f"Public Function {name}({said}) As Variant",
            "#If Mac Then",
            f'    {name} = "functions in cells need Excel for Windows"',
            "#Else",
            "    Dim given As Variant",
            "    Dim caller As Variant",
            "    On Error GoTo failed",
            "    Set caller = Application.Caller",
            f"    given = Array({handed})",
            f"    {name} = XlcWithErrors({call})",
            "    Exit Function",
            "failed:",
            f"    {name} = Err.Description",
            "#End If",
            "End Function",
            "",
        ]
    )


def _arguments(function: Callable[..., object]) -> list[tuple[str, bool]]:
    """[(name, optional)] of the arguments a user gives."""
    parameters = inspect.signature(function).parameters.values()
    return [
        (one.name, one.default is not inspect.Parameter.empty)
        for one in parameters
        if one.name != "caller"
    ]


def _described(functions: Iterable[Callable[..., object]]) -> str:
    """Sub XlcDescribe: category, description and help of the arguments."""
    lines = ["Public Sub XlcDescribe()"]
    for function in functions:
        helps = getattr(function, "helps", {})
        options = f'Description:={_quoted(inspect.getdoc(function) or "")}, Category:="{CATEGORY}"'
        if helps:
            options += f", ArgumentDescriptions:=Array({', '.join(map(_quoted, helps.values()))})"
        lines.append(f'    Application.MacroOptions Macro:="{excel_name(function)}", {options}')
    return "\n".join([*lines, "End Sub", ""])


def _quoted(text: str) -> str:
    """A string literal of VBA, in ASCII and on one line."""
    plain = " ".join(text.split()).encode("ascii", "replace").decode()[:_LONGEST_HELP]
    return '"' + plain.replace('"', '""') + '"'
