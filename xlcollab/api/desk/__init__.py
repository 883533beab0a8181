"""The buttons of an open spreadsheet."""
