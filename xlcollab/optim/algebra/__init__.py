"""Models as formulas, number by number: how large they can be, and whether they are convex."""
