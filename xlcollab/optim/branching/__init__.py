"""Whole numbers in curved models: branch and bound over continuous relaxations."""
