"""Windows for xlwings: fakes of the few names of pywin32 and of its COM layer that `xlwings.udfs`
uses, so that its genuine decorators, wrapper and `call_udf` run anywhere, over the Excel in memory.
"""

from __future__ import annotations

import asyncio
import datetime as dt
import importlib
import sys
import types
from functools import cache
from typing import Any

import xlwings as xw

from tests.live import memory_sheet
from tests.live.memory_excel import engine

MISSING = -2147352572
"""DISP_E_PARAMNOTFOUND, as pywin32 hands over an argument that was left out."""
MODULE = "xlcollab.faces.udf"


class ComError(Exception):
    """pywintypes.com_error."""


def _module(name: str, **members: Any) -> types.ModuleType:
    module = types.ModuleType(name)
    module.__dict__.update(members)
    return module


@cache
def udfs() -> types.ModuleType:
    """`xlwings.udfs`, with `xlcollab.faces.udf` decorated by it."""
    engine()
    client = _module("win32com.client", Dispatch=lambda thing, **options: thing)
    excel = _module(
        "xlwings._xlwindows",
        Range=lambda xl: xl,
        Book=lambda xl: xl,
        is_range_instance=lambda thing: isinstance(thing, memory_sheet.Range),
        BOOK_CALLER=None,
    )
    server = _module("xlwings.com_server", loop=asyncio.new_event_loop())
    fakes = {
        "pywintypes": _module("pywintypes", com_error=ComError, TimeType=dt.datetime),
        "pythoncom": _module(
            "pythoncom",
            CoInitialize=lambda *arguments: None,
            IID_IDispatch="dispatch",
            CoMarshalInterThreadInterfaceInStream=lambda iid, thing: thing,
            CoGetInterfaceAndReleaseStream=lambda stream, iid: stream,
        ),
        "win32com": _module("win32com", client=client),
        "win32com.client": client,
        "xlwings._xlwindows": excel,
        "xlwings.com_server": server,
    }
    sys.modules.update(fakes)
    xw._xlwindows, xw.com_server = excel, server
    genuine = importlib.import_module("xlwings.udfs")
    for name in fakes.keys() - {"xlwings._xlwindows", "xlwings.com_server"}:
        del sys.modules[name]  # it holds them; others should not find them
    xw.func, xw.arg, xw.ret = genuine.xlfunc, genuine.xlarg, genuine.xlret
    for name in ("xlcollab.faces.udf_call", MODULE):
        importlib.reload(importlib.import_module(name))
    return genuine


def call(function: str, *arguments: Any, caller: Any) -> Any:
    """What VBA gets from `XLPy.CallUDF`: `arguments` are values, or ranges of the Excel in memory.

    Arguments at the end that are left out arrive as missing, as the VBA wrapper hands them over.
    """
    info = getattr(sys.modules[MODULE], function).__xlfunc__["args"]
    handed = [
        argument.impl if isinstance(argument, xw.Range) else argument for argument in arguments
    ]
    handed += [MISSING] * (len(info) - 1 - len(handed)) + [None]
    return _as_com(udfs().call_udf(MODULE, function, tuple(handed), None, caller.impl))


def _as_com(result: Any) -> Any:
    """`XLPython.CallUDF` in com_server.py flattens single cells and single rows."""
    if len(result) == 1 and len(result[0]) == 1:
        return result[0][0]
    return result[0] if len(result) == 1 else result
