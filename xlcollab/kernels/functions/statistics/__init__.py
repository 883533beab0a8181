"""Aggregates, order, distributions and regression."""
