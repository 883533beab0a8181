"""The zip package of a workbook: parts read, changed, written."""
