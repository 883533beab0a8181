"""Mathematics, value by value and in matrices."""
