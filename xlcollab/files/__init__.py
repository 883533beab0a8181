"""Workbook files, lossless: read any .xlsx or .xlsm, write back without disturbing another byte."""

from xlcollab.files.book import FileBook

__all__ = ["FileBook"]
