"""Which operations have no kink and no step in what the variables move."""

from __future__ import annotations

from xlcollab.kernels.values.block import Block
from xlcollab.kernels.values.facts import Role, Shape
from xlcollab.kernels.values.tape import Instruction


def is_straight(instruction: Instruction) -> bool:
    """Whether an operation is smooth in the arguments that depend on the variables.

    What IFERROR rescues is taken as having no error: where it has one, the point tells.
    """
    facts = instruction.facts
    if facts.role is Role.RESCUE:
        return True
    if facts.role is Role.CHOICE and isinstance(instruction.arguments[0], int):
        return False
    if _jumps(instruction):
        return False
    return facts.shape in (Shape.AFFINE, Shape.SMOOTH)


def is_step(instruction: Instruction) -> bool:
    """Whether an operation may jump where the variables move: it has but steps, or it picks."""
    facts = instruction.facts
    if facts.role is Role.RESCUE:
        return False
    decides = facts.role is Role.CHOICE and isinstance(instruction.arguments[0], int)
    return decides or facts.picks or facts.shape is Shape.STEPS or _jumps(instruction)


def _jumps(instruction: Instruction) -> bool:
    """Whether an argument moves by which the operation jumps."""
    arguments = instruction.arguments
    places = instruction.facts.jumps
    return any(isinstance(arguments[place], int) for place in places if place < len(arguments))


def is_root(instruction: Instruction) -> bool:
    """Whether an operation has no slope, or an endless one, where it is 0: a root, a power of what
    moves whose exponent is no whole number, or moves too."""
    if instruction.facts.role is not Role.POWER:
        return instruction.facts.root
    base, exponent = instruction.arguments
    if isinstance(base, Block):
        return False
    return isinstance(exponent, int) or bool((exponent.number != exponent.number.round()).any())
