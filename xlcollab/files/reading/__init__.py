"""From a package to a Workbook."""
