"""Finding, picking, arranging and shaping."""
