"""Solver models: compiled, optimised, reported."""
