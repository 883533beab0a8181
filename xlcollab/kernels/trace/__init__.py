"""From formulas to a straight-line program over blocks."""
