"""The words of a model, Excel's codes for them, and how people write them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

Sense = Literal["minimize", "maximize", "value", "satisfy"]
Relation = Literal["<=", "=", ">="]
Domain = Literal["integer", "binary", "alldifferent"]
Engine = Literal["grg", "simplex", "evolutionary"]

SENSES: dict[int, Sense] = {1: "maximize", 2: "minimize", 3: "value"}
"""By `solver_typ`; Excel has no code for a model without an objective."""
RELATIONS: dict[int, Relation] = {1: "<=", 2: "=", 3: ">="}
"""By `solver_rel`, as the domains."""
DOMAINS: dict[int, Domain] = {4: "integer", 5: "binary", 6: "alldifferent"}
ENGINES: dict[int, Engine] = {1: "grg", 2: "simplex", 3: "evolutionary"}
"""By `solver_eng`."""

SIGNS: dict[str, Relation] = {relation: relation for relation in RELATIONS.values()}
_DOMAINS: dict[str, Domain] = {
    "integer": "integer",
    "int": "integer",
    "binary": "binary",
    "bin": "binary",
    "alldifferent": "alldifferent",
    "dif": "alldifferent",
}


def domain_named(text: str) -> Domain | None:
    """The domain that a typed right side names, if it is one."""
    return _DOMAINS.get(text.strip().casefold())


def code_of(words: Mapping[int, str], word: str) -> int:
    """Excel's code of a word."""
    return next(code for code, one in words.items() if one == word)
