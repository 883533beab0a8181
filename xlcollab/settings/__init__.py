"""What can be set, in words: methods, schedules, initialisations, losses, their ranges, defaults,
which serves what, and the sentence that explains each. Loads nothing but the standard library.

Command line, control sheet, ribbon, functions for cells, `optim` and `factor` all read it here.
"""
