"""Blocks of values and the operations on them: what every node of a formula becomes."""
