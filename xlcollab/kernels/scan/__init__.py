"""Passes over rows that feed one another: one instruction for a whole chain of families."""
