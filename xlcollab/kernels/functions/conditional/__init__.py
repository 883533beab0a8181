"""Aggregates under criteria."""
