"""torch, loaded when it is first used: that takes longer than most workbooks.

What is known of functions, and the values of single cells, need no tensors. Tables that are made
on loading name torch's functions by `calls`, scipy's by `special_calls`.
"""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import torch
    import torch as calls
    from scipy import special
    from scipy import special as special_calls
    from torch import Tensor

__all__ = ("Tensor", "calls", "special", "special_calls", "torch")


class _Later:
    """A module that is imported when something of it is asked for."""

    def __init__(self, name: str) -> None:
        self._name = name

    def __getattr__(self, attribute: str) -> object:
        found = getattr(import_module(self._name), attribute)
        setattr(self, attribute, found)
        return found


class _Call:
    """A function of such a module, looked up when it is called."""

    __slots__ = ("_found", "_module", "_name")

    def __init__(self, module: object, name: str) -> None:
        self._module, self._name = module, name
        self._found: Callable[..., object] | None = None

    def __call__(self, *arguments: object) -> object:
        if self._found is None:
            self._found = getattr(self._module, self._name)
        return self._found(*arguments)


class _Calls:
    """The functions of such a module."""

    def __init__(self, module: object) -> None:
        self._module = module

    def __getattr__(self, attribute: str) -> _Call:
        return _Call(self._module, attribute)


if not TYPE_CHECKING:
    torch, special = _Later("torch"), _Later("scipy.special")
    calls, special_calls = _Calls(torch), _Calls(special)

    class Tensor:
        """The name of a tensor's type, for what is written of types."""
