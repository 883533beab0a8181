"""Compiled passes over ratings, and the arrays they walk."""
