"""Tokens → nodes: a Pratt parser.

Operators wait on a list until a looser one comes, so a chain of thousands of terms needs no deeper
call stack than one; only parentheses and arguments recurse. The docstring of each method is its
grammar rule, in the notation of ECMA-376 Part 1, 18.17.2, with { } for repetition and [ ] for what
may be left out.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Callable
from dataclasses import dataclass

from xlcollab.errors import FormulaSyntaxError
from xlcollab.formula.addresses import read_name, read_reference
from xlcollab.formula.digits import first_digits
from xlcollab.formula.lexer import Kind, Token, syntax_error, tokenize
from xlcollab.formula.listing import SPECS
from xlcollab.formula.nodes import (
    APPLIED,
    ArrayLiteral,
    Binary,
    BinaryOperator,
    Boolean,
    Call,
    ErrorValue,
    Missing,
    Node,
    Number,
    Text,
    Unary,
    UnaryOperator,
    depth,
)
from xlcollab.formula.operators import INFIX, LOOSEST, POSTFIX, PREFIX
from xlcollab.formula.spelling import FUTURE_PREFIX
from xlcollab.formula.structured import read_structured

MAX_NESTING = 128
"""Levels of parentheses and calls; Excel allows 64 of calls alone."""
MAX_DEPTH = 320
"""Levels of nodes, such as 320 minus signs in a row; chains of terms, which grow to the left, are
one level. Whoever walks the nodes may recurse so deep."""
_FRAMES_A_LEVEL = 12
"""Python's calls for a level of nodes, the printer's and the walkers' on top of the parser's."""
sys.setrecursionlimit(max(sys.getrecursionlimit(), 1000 + MAX_DEPTH * _FRAMES_A_LEVEL))

_UNARY_CALLS: dict[str, UnaryOperator] = {"SINGLE": "@", "ANCHORARRAY": "#"}
_STARTS_REFERENCE: frozenset[Kind] = frozenset(
    ("reference", "name", "structured", "function", "error")
)
_NO_REFERENCE = (Number, Text, Boolean, ArrayLiteral)


def parse(text: str, row: int, column: int) -> Node:
    """The nodes of the formula `text`, typed in the zero-based cell (`row`, `column`).

    One leading "=" is allowed. References become offsets from the cell unless marked by $.
    Raises FormulaSyntaxError, whose message shows the text with a caret below the place.
    """
    return _Parser(text, row, column).formula()


@dataclass(frozen=True, slots=True)
class _Infix:
    operator: BinaryOperator
    power: int

    def apply(self, operands: list[Node]) -> None:
        right, left = operands.pop(), operands.pop()
        operands.append(Binary(self.operator, left, right))


@dataclass(frozen=True, slots=True)
class _Prefix:
    operator: UnaryOperator
    power: int

    def apply(self, operands: list[Node]) -> None:
        operands.append(Unary(self.operator, operands.pop()))


_Waiting = list[_Infix | _Prefix]


class _Parser:
    """The state of one parse: the tokens and the place among them."""

    def __init__(self, text: str, row: int, column: int) -> None:
        self._text = text
        self._row = row
        self._column = column
        self._tokens = tokenize(text)
        self._index = 0
        self._depth = 0
        self._operands: dict[Kind, Callable[[Token], Node]] = {
            "number": self._number,
            "text": self._string,
            "boolean": self._boolean,
            "error": self._error,
            "reference": self._reference,
            "name": self._name,
            "structured": self._structured,
            "function": self._call,
        }

    def formula(self) -> Node:
        """formula = ["="] expression end"""
        node = self._expression(union=True)
        if self._token.kind != "end":
            raise self._expected("an operator or the end")
        if depth(node) > MAX_DEPTH:
            raise syntax_error(self._text, 0, f"at most {MAX_DEPTH} operators inside one another")
        return node

    def _expression(self, *, union: bool) -> Node:
        """expression = {prefix} operand {postfix} {infix {prefix} operand {postfix}}

        The comma is an infix operator, union, where `union` says so: not among arguments.
        """
        operands: list[Node] = []
        waiting: _Waiting = []
        while True:
            self._prefixes(waiting)
            operands.append(self._operand())
            self._postfixes(waiting, operands)
            infix = self._infix(operands[-1], union=union)
            if infix is None:
                _apply(waiting, operands, LOOSEST)
                return operands[0]
            _apply(waiting, operands, infix.power)
            waiting.append(infix)

    def _prefixes(self, waiting: _Waiting) -> None:
        """prefix = "-" | "+" | "@" """
        while self._token.kind == "operator" and self._token.text in PREFIX:
            waiting.append(_Prefix(*PREFIX[self._take().text]))

    def _postfixes(self, waiting: _Waiting, operands: list[Node]) -> None:
        """postfix = "%" | "#" | "(" [argument {"," argument}] ")" behind a call"""
        while isinstance(operands[-1], Call) and self._is_at("(") and not self._token.spaced:
            operands.append(self._applied(operands.pop()))
        while self._token.kind == "operator" and self._token.text in POSTFIX:
            operator, power = POSTFIX[self._take().text]
            _apply(waiting, operands, power)
            operands.append(Unary(operator, operands.pop()))

    def _infix(self, left: Node, *, union: bool) -> _Infix | None:
        """infix = "=" | "<>" | "<" | "<=" | ">" | ">=" | "&" | "+" | "-" | "*" | "/" | "^" | ":"
        | "," | white space between two references
        """
        token = self._token
        if token.kind == "operator" and token.text in INFIX and (union or token.text != ","):
            return _Infix(*INFIX[self._take().text])
        starts_reference = token.kind in _STARTS_REFERENCE or self._is_at("(")
        if token.spaced and starts_reference and not isinstance(left, _NO_REFERENCE):
            return _Infix(*INFIX[" "])
        return None

    def _operand(self) -> Node:
        """operand = number | string | boolean | error | reference | name | structured | call
        | group | array
        """
        if self._is_at("("):
            return self._group()
        if self._is_at("{"):
            return self._array()
        read = self._operands.get(self._token.kind)
        if read is None:
            raise self._expected("a value, a reference or a function")
        return read(self._take())

    def _group(self) -> Node:
        """group = "(" expression ")" """
        self._descend()
        self._require("(")
        node = self._expression(union=True)
        self._require(")", "an operator or a closing parenthesis")
        self._depth -= 1
        return node

    def _call(self, token: Token) -> Node:
        """call = [sheet "!"] name "(" [argument {"," argument}] ")" """
        self._descend()
        name = FUTURE_PREFIX.sub("", token.text[:-1].rpartition("!")[2]).upper()
        arguments = () if self._is_at(")") else self._arguments()
        self._require(")", "an operator, a comma or a closing parenthesis")
        self._depth -= 1
        if name not in _UNARY_CALLS:
            return Call(name, arguments)
        if len(arguments) != 1:
            raise syntax_error(self._text, token.position, f"one argument of {name}")
        return Unary(_UNARY_CALLS[name], arguments[0])

    def _applied(self, called: Node) -> Node:
        """What a call gave is called itself: `LAMBDA(x,x+1)(5)`."""
        self._descend()
        self._require("(")
        arguments = () if self._is_at(")") else self._arguments()
        self._require(")", "an operator, a comma or a closing parenthesis")
        self._depth -= 1
        return Call(APPLIED, (called, *arguments))

    def _arguments(self) -> tuple[Node, ...]:
        """argument {"," argument}"""
        arguments = [self._argument()]
        while self._is_at(","):
            self._take()
            arguments.append(self._argument())
        return tuple(arguments)

    def _argument(self) -> Node:
        """argument = [expression]"""
        if self._is_at(",") or self._is_at(")"):
            return Missing()
        return self._expression(union=False)

    def _array(self) -> Node:
        """array = "{" element {"," element} {";" element {"," element}} "}" """
        self._require("{")
        rows = [[self._element()]]
        while not self._is_at("}"):
            if self._is_at(";"):
                self._take()
                rows.append([self._element()])
            else:
                self._require(",", "a comma, a semicolon or a closing brace")
                rows[-1].append(self._element())
        closing = self._take()
        if len({len(row) for row in rows}) > 1:
            raise syntax_error(self._text, closing.position, "rows of equal length before it")
        return ArrayLiteral(tuple(tuple(row) for row in rows))

    def _element(self) -> Node:
        """element = ["-" | "+"] number | string | boolean | error"""
        sign = self._take().text if self._is_at("-") or self._is_at("+") else ""
        allowed = ("number",) if sign else ("number", "text", "boolean", "error")
        if self._token.kind not in allowed:
            raise self._expected("a number" if sign else "a number, text, TRUE, FALSE or error")
        token = self._take()
        node = self._operands[token.kind](token)
        return Number(-node.value) if sign == "-" and isinstance(node, Number) else node

    def _number(self, token: Token) -> Node:
        """number = digits ["." digits] ["E" ["-" | "+"] digits], of which 15 count"""
        value = first_digits(token.text)
        if not math.isfinite(value):
            raise syntax_error(self._text, token.position, "a number below 1E308")
        return Number(value)

    def _string(self, token: Token) -> Node:
        """string = quotation mark {character | two quotation marks} quotation mark"""
        return Text(token.text[1:-1].replace('""', '"'))

    def _boolean(self, token: Token) -> Node:
        """boolean = "TRUE" | "FALSE" """
        return Boolean(token.text.upper() == "TRUE")

    def _error(self, token: Token) -> Node:
        """error = "#N/A" | "#DIV/0!" | … | [sheet "!"] "#REF!" [address]"""
        return ErrorValue("#REF!" if "#REF!" in token.text else token.text)

    def _reference(self, token: Token) -> Node:
        """reference = [sheet [":" sheet] "!"] (cell | cell ":" cell | columns | rows)"""
        return read_reference(token.text, self._row, self._column)

    def _name(self, token: Token) -> Node:
        """name = [sheet "!"] word; a function's, and it is called, if a parenthesis follows"""
        if self._is_at("(") and FUTURE_PREFIX.sub("", token.text).upper() in SPECS:
            self._take()
            return self._call(token._replace(text=f"{token.text}("))
        return read_name(token.text)

    def _structured(self, token: Token) -> Node:
        """structured = [table] "[" [specifiers] "]" """
        node = read_structured(token.text)
        if node is None:
            raise syntax_error(
                self._text, token.position, "a structured reference such as Table1[[#All],[price]]"
            )
        return node

    @property
    def _token(self) -> Token:
        return self._tokens[self._index]

    def _take(self) -> Token:
        token = self._tokens[self._index]
        self._index += 1
        return token

    def _is_at(self, operator: str) -> bool:
        return self._token.kind == "operator" and self._token.text == operator

    def _require(self, operator: str, expected: str = "") -> None:
        if not self._is_at(operator):
            raise self._expected(expected or repr(operator))
        self._take()

    def _descend(self) -> None:
        self._depth += 1
        if self._depth > MAX_NESTING:
            raise self._expected(f"at most {MAX_NESTING} levels of parentheses")

    def _expected(self, expected: str) -> FormulaSyntaxError:
        return syntax_error(self._text, self._token.position, expected)


def _apply(waiting: _Waiting, operands: list[Node], power: int) -> None:
    """Apply the waiting operators that bind at least as tightly as `power`, the last one first."""
    while waiting and waiting[-1].power >= power:
        waiting.pop().apply(operands)
