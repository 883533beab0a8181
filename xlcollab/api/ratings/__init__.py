"""Ratings too large for cells: fit, predict, recommend, tune, crosstab."""
