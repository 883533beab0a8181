"""The functions of the worksheet, by kind, and the table that knows them all."""
