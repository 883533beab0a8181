"""Generators of the lesson workbooks, one module each."""
