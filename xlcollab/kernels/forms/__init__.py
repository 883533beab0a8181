"""Functions that ask for their arguments themselves."""
