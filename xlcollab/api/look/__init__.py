"""Looking without optimising: what is in a workbook, its values, its slopes."""
