"""How Excel writes numbers and moments as texts, and reads texts as numbers."""
