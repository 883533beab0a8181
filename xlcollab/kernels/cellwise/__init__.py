"""Formulas of a few cells worked out cell by cell, where tensors cost more than they hold."""
