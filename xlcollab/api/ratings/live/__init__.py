"""Sheets of a model that predict by formulas, for whoever has the workbook alone."""
