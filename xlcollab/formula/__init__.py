"""The formula language: text → nodes in relative form → text."""

from xlcollab.formula.nodes import (
    ArrayLiteral,
    Axis,
    Binary,
    BinaryOperator,
    Boolean,
    Call,
    ErrorValue,
    Missing,
    Name,
    Node,
    Number,
    Reference,
    Structured,
    Text,
    Unary,
    UnaryOperator,
    children,
    walk,
)
from xlcollab.formula.parser import parse
from xlcollab.formula.printer import to_text
from xlcollab.formula.queries import functions, references
from xlcollab.formula.relative import relative_key, relative_keys

__all__ = [
    "ArrayLiteral",
    "Axis",
    "Binary",
    "BinaryOperator",
    "Boolean",
    "Call",
    "ErrorValue",
    "Missing",
    "Name",
    "Node",
    "Number",
    "Reference",
    "Structured",
    "Text",
    "Unary",
    "UnaryOperator",
    "children",
    "functions",
    "parse",
    "references",
    "relative_key",
    "relative_keys",
    "to_text",
    "walk",
]
