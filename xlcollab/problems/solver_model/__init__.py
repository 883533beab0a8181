"""Models as Excel's Solver stores them, and as people type them."""
