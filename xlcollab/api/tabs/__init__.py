"""Tabs of gradient descent in cells: run, reset, compared."""
