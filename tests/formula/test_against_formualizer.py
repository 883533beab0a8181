"""Another parser groups operators and finds references as ours does."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given

from tests.formula.trees import REACH, arithmetic
from xlcollab.formula import (
    Binary,
    Boolean,
    Call,
    Missing,
    Node,
    Number,
    Text,
    Unary,
    parse,
    to_text,
)

formualizer = pytest.importorskip("formualizer")

Shape = tuple[Any, ...]


def _our_shape(node: Node) -> Shape:
    match node:
        case Binary(operator, left, right):
            return (operator, _our_shape(left), _our_shape(right))
        case Unary(operator, operand):
            return _percent_inside((operator, _our_shape(operand)))
        case Call(name, arguments):
            return (name, *map(_our_shape, arguments))
        case Number(value) | Text(value) | Boolean(value):
            return ("literal", value)
        case Missing():
            return ("literal", "")
        case _:
            return ("reference", to_text(node, REACH, REACH))


def _their_shape(node: dict[str, Any]) -> Shape:
    kind = node["node_type"]
    if kind == "BinaryOp":
        return (node["operator"], _their_shape(node["left"]), _their_shape(node["right"]))
    if kind == "UnaryOp":
        return _percent_inside((node["operator"], _their_shape(node["operand"])))
    if kind == "Function":
        return (node["name"], *map(_their_shape, node["args"]))
    if kind == "Omitted":
        return ("literal", "")
    if kind == "Literal":
        return ("literal", node["value"])
    return ("reference", node["reference"])


def _percent_inside(shape: Shape) -> Shape:
    """-2% may be read as (-2)% or as -(2%), which are equal: spell both the second way."""
    operator, operand = shape
    if operator == "%" and len(operand) == 2 and operand[0] in ("-", "+"):
        return (operand[0], _percent_inside(("%", operand[1])))
    return shape


@given(arithmetic)
def test_operators_group_alike(node: Node) -> None:
    text = to_text(node, REACH, REACH)
    theirs = formualizer.parse("=" + text).to_dict()
    assert _their_shape(theirs) == _our_shape(parse(text, REACH, REACH))


@pytest.mark.parametrize(
    "text",
    [
        "-2^2",
        "2^3^2",
        "2^-2",
        "-A1%",
        "1-2-3&4=5",
        "A1:B2:C3",
        "A1:B2 B2:C3",
        "(A1,B2)",
        "SUM(A1,(B2,C3))",
        "INDEX(A1:B9,1):B5",
        "'it''s'!A1:B2",
        "[1]Sheet1!A1",
        "Sheet1:Sheet3!A1",
        "A:C+$1:$3",
        "Table1[[#This Row],[a b]]",
        "@A1",
        "A1#",
        'IF(A1>=2,"x""y",TRUE)',
    ],
)
def test_texts_read_alike(text: str) -> None:
    theirs = formualizer.parse("=" + text).to_dict()
    assert _their_shape(theirs) == _our_shape(parse(text, REACH, REACH))
