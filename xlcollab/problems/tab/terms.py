"""A formula as a sum of products: the shape in which update rules are told apart."""

from __future__ import annotations

from dataclasses import dataclass

from xlcollab.formula.nodes import Binary, Call, Node, Number, Unary


@dataclass(frozen=True, slots=True)
class Term:
    """`sign` · Π factors / Π divisors."""

    sign: int
    factors: tuple[Node, ...]
    divisors: tuple[Node, ...] = ()


def terms(node: Node) -> list[Term]:
    """The summands of `node`, from left to right. Products are not multiplied out."""
    found: list[Term] = []
    pending = [(node, 1)]
    while pending:
        part, sign = pending.pop()
        if isinstance(part, Binary) and part.operator in ("+", "-"):
            right = sign if part.operator == "+" else -sign
            pending += [(part.right, right), (part.left, sign)]
        elif isinstance(part, Unary) and part.operator in ("+", "-"):
            pending.append((part.operand, sign if part.operator == "+" else -sign))
        else:
            found.append(_term(part, sign))
    return found


def _term(node: Node, sign: int) -> Term:
    if isinstance(node, Binary) and node.operator in ("*", "/"):
        left, right = _term(node.left, sign), _term(node.right, 1)
        if node.operator == "/":
            right = Term(right.sign, right.divisors, right.factors)
        return Term(
            left.sign * right.sign, left.factors + right.factors, left.divisors + right.divisors
        )
    return Term(sign, (node,))


def squared(node: Node) -> Node | None:
    """x if `node` is x^2, x*x, POWER(x,2) or SUMSQ(x); else None."""
    if isinstance(node, Binary):
        if node.operator == "^" and node.right == Number(2.0):
            return node.left
        if node.operator == "*" and node.left == node.right:
            return node.left
    if isinstance(node, Call):
        if node.name == "POWER" and len(node.arguments) == 2 and node.arguments[1] == Number(2.0):
            return node.arguments[0]
        if node.name == "SUMSQ" and len(node.arguments) == 1:
            return node.arguments[0]
    return None


def radicand(node: Node) -> Node | None:
    """x if `node` is SQRT(x), x^0.5 or POWER(x,0.5); else None."""
    half = Number(0.5)
    if isinstance(node, Binary) and node.operator == "^" and node.right == half:
        return node.left
    if isinstance(node, Call) and node.name == "SQRT" and len(node.arguments) == 1:
        return node.arguments[0]
    if isinstance(node, Call) and node.name == "POWER" and node.arguments[1:] == (half,):
        return node.arguments[0]
    return None
