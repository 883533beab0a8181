"""A fitted model in its workbook, and back out of it."""
