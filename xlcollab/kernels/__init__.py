"""Compiling a sheet and running it."""
