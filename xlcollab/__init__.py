"""xlcollab: optimisation inside spreadsheets."""
