"""An opened workbook, its changes, where it is saved and where it is computed."""
