"""From a command that takes a request to one that takes options: the request's fields.

    @command
    def solve(request: SolveRequest) -> int: ...

A field whose type is a record of options, or `Asked` of one, stands for the fields of that record;
those of `Asked` are open until somebody asks for them.
"""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import fields, is_dataclass
from enum import StrEnum
from functools import cache, cached_property
from typing import Annotated, Any, Generic, Protocol, TypeVar, get_args, get_origin, get_type_hints

import typer
from typer.models import ParameterInfo

from xlcollab.interrupts import time_limit
from xlcollab.settings.asked import Asked
from xlcollab.settings.explained import by_default, explained
from xlcollab.settings.option import Option, Setting, settings_of
from xlcollab.settings.spoken import flag_of

R = TypeVar("R")
Look = Callable[[object], None]
_LOOK: ContextVar[Look | None] = ContextVar("look", default=None)


class Spread(Generic[R]):
    """A function of one request as a function of options. They are made when somebody asks for
    them: a list of all commands needs their sentences only."""

    def __init__(self, function: Callable[[R], int | None]) -> None:
        functools.update_wrapper(self, function, assigned=("__module__", "__name__", "__doc__"))
        self._function = function

    def __call__(self, **given: object) -> int | None:
        request = _made(self._kind, given)
        look = _LOOK.get()
        if look is not None:
            look(request)
        return self._function(request)

    @cached_property
    def _kind(self) -> type[R]:
        hints = get_type_hints(self._function)
        kind: type[R] = next(hint for name, hint in hints.items() if name != "return")
        return kind

    @cached_property
    def __signature__(self) -> inspect.Signature:
        return inspect.Signature(list(_parameters(self._kind, is_open=False)))

    @property
    def __annotations__(self) -> dict[str, object]:  # type: ignore[override]
        return {one.name: one.annotation for one in self.__signature__.parameters.values()}


@contextmanager
def looked_at(look: Look) -> Iterator[None]:
    """Commands that are run in the block show their requests first; `look` may raise."""
    token = _LOOK.set(look)
    try:
        yield
    finally:
        _LOOK.reset(token)


def command(function: Callable[[R], int | None]) -> Spread[R]:
    """The function with its one parameter, a request, spread over the options of a shell."""
    return Spread(function)


class _Limited(Protocol):
    @property
    def time_limit(self) -> float | None: ...


L = TypeVar("L", bound=_Limited)


def limited(function: Callable[[L], int | None]) -> Callable[[L], int | None]:
    """The function, ended by the time limit of its request: `cli` has the sentence."""

    @functools.wraps(function)
    def run(request: L) -> int | None:
        with time_limit(request.time_limit):
            return function(request)

    return run


def _made(kind: type[R], given: Mapping[str, object]) -> R:
    """The request, from the options of the shell by name."""
    make: Callable[..., R] = kind
    own = settings_of(kind)
    values = {name: _value(setting, given[name]) for name, setting in own.items()}
    return make(**values, **{name: _part(inner, given) for name, inner in _inner(kind).items()})


def _part(hint: object, given: Mapping[str, object]) -> object:
    kind = _record(hint)
    if not _is_asked(hint):
        return _made(kind, given)
    asked = {name: _asked(given[name]) for name in settings_of(kind)}
    return Asked.of(kind, asked)


def _inner(kind: type) -> dict[str, object]:
    """The types of the fields that are records themselves."""
    hints = get_type_hints(kind)
    return {
        one.name: hints[one.name]
        for one in fields(kind)
        if _is_asked(hints[one.name]) or is_dataclass(hints[one.name])
    }


def _is_asked(hint: object) -> bool:
    """Whether a type is `Asked` of a record."""
    return get_origin(hint) is Asked


def _record(hint: object) -> type:
    """The record that a type stands for, be it the type itself or `Asked` of it."""
    kind = get_args(hint)[0] if _is_asked(hint) else hint
    assert isinstance(kind, type)
    return kind


def _value(setting: Setting, typed: object) -> object:
    return () if setting.many is None and not typed else _plain(typed)


def _asked(typed: object) -> object:
    """None where nothing was typed."""
    return None if typed == [] else _plain(typed)


def _plain(typed: object) -> object:
    """A choice as its word, several values as a tuple."""
    if isinstance(typed, list | tuple):
        return tuple(map(_plain, typed))
    return str(typed) if isinstance(typed, str) else typed


def _parameters(
    kind: type, *, is_open: bool, hidden: frozenset[str] = frozenset()
) -> Iterator[inspect.Parameter]:
    """The options of a record in the order of its fields, those it inherits last. What the record
    says to be `refused` is understood, but not offered; inside it, that is `hidden`."""
    own, inner = settings_of(kind), _inner(kind)
    refused: frozenset[str] = getattr(kind, "refused", frozenset())
    for one in sorted(fields(kind), key=lambda one: one.name not in kind.__annotations__):
        if one.name in own:
            yield _parameter(kind, own[one.name], is_open, one.name in hidden)
        elif one.name in inner:
            record, asked = _record(inner[one.name]), _is_asked(inner[one.name])
            yield from _parameters(record, is_open=asked, hidden=refused)


def _parameter(kind: type, setting: Setting, is_open: bool, hidden: bool) -> inspect.Parameter:
    needed = setting.is_needed and not is_open
    hint = _hint(setting)
    return inspect.Parameter(
        setting.name,
        inspect.Parameter.KEYWORD_ONLY,
        default=inspect.Parameter.empty if needed else _default(setting, is_open),
        annotation=Annotated[
            hint if needed else hint | None, _info(kind, setting, is_open, hidden)
        ],
    )


def _default(setting: Setting, is_open: bool) -> object:
    return None if is_open or setting.default == () else setting.default


def _info(kind: type, setting: Setting, is_open: bool, hidden: bool) -> ParameterInfo:
    option, text = setting.option, explained(kind, setting)
    default = by_default(setting) if is_open else ""
    text = f"{text} (default: {default})." if default else f"{text}."
    if option.positional:
        info: ParameterInfo = typer.Argument(help=text, show_default=False, metavar=option.metavar)
        return info
    named: ParameterInfo = typer.Option(
        *(option.flags or (flag_of(setting, is_open=is_open),)),
        *option.also,
        help=text,
        metavar=option.metavar,
        case_sensitive=not option.words,
        rich_help_panel=option.group or None,
        hidden=hidden,
    )
    return named


def _hint(setting: Setting) -> Any:
    """The type that typer reads, made from the words and the number of values."""
    one = _choice(setting.option) if setting.option.words else setting.kind
    if setting.many is None:
        return list[one]  # type: ignore[valid-type]
    return one if setting.many == 1 else tuple[(one,) * setting.many]  # type: ignore[misc]


def _choice(option: Option) -> Any:
    """What typer takes for a choice of words."""
    return _choice_of(tuple(option.words))


@cache
def _choice_of(words: tuple[str, ...]) -> Any:
    return StrEnum("Choice", [(word.upper(), word) for word in words])
