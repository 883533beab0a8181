"""Searches that look further than one descent: around its end, elsewhere, by a population."""
