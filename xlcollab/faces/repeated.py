"""Commands that refuse an option which is said twice with two values, as the first would be lost,
and an empty value: an unset variable of a script would pass for an option that is not given."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING

from typer.core import TyperCommand

if TYPE_CHECKING:
    from typer._click.core import Context
    from typer._click.parser import _Option, _OptionParser

_LONG_WITH_ONE_DASH = re.compile(r"-[a-z][a-z-]+")


class Once(TyperCommand):
    """A command whose options have one value each, but for those that take several."""

    def parse_args(self, ctx: Context, args: list[str]) -> list[str]:
        """As typer, after a look at what was typed."""
        if not ctx.resilient_parsing:
            self._refuse_repeated(ctx, args)
        return super().parse_args(ctx, args)

    def _refuse_repeated(self, ctx: Context, args: list[str]) -> None:
        """Ends with a sentence where one option has two values, under one name or two, or none."""
        parser = self.make_parser(ctx)
        single = [one for one in _options(parser) if one.action == "store"]
        for option in single:
            option.action = "append"
        try:
            values, _, _ = parser.parse_args(list(args))
        except Exception as error:
            _say_as_typed(error, args)
            raise
        _refuse_empty(ctx, values)
        for option in single:
            found = list(dict.fromkeys(values.get(str(option.dest), ())))
            if len(found) > 1:
                names = " / ".join(option.obj.opts)
                ctx.fail(
                    f"{names} is given {len(found)} times: {', '.join(map(_told, found))}; say one."
                )


def _refuse_empty(ctx: Context, values: Mapping[str, object]) -> None:
    for one in ctx.command.params:
        given = values.get(str(one.name))
        if "" in (given if isinstance(given, list | tuple) else (given,)):
            is_option = one.param_type_name == "option"
            name = " / ".join(one.opts) if is_option else str(one.name).upper()
            ctx.fail(f"{name} is given as '', which is empty; leave it out, or say what it is.")


def _options(parser: _OptionParser) -> list[_Option]:
    """Each option of a parser once, whatever it is called."""
    found = (*parser._long_opt.values(), *parser._short_opt.values())
    return list({id(one): one for one in found}.values())


def _told(value: object) -> str:
    return " ".join(map(str, value)) if isinstance(value, tuple) else str(value)


def _say_as_typed(error: Exception, args: list[str]) -> None:
    """Of -minimize the parser reads -m: the whole word is what is not there."""
    name = str(getattr(error, "option_name", "--"))
    if name.startswith("--"):
        return
    typed = next((word for word in args if word.startswith(name)), name)
    if _LONG_WITH_ONE_DASH.fullmatch(typed):
        vars(error).update(option_name=f"-{typed}", message=f"No such option: {typed}")
