"""Open spreadsheets as `Book`: Excel through xlwings, LibreOffice Calc through UNO.

`ExcelBook` and `CalcBook` read in bulk and write in bulk; formulas are calculated by the
application. A `Desk` is the application around a book: the sheet in front, the selection, the
status bar. Nothing here is imported by `import xlcollab`.
"""
