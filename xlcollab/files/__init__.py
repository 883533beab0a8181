"""Workbook files, lossless: read any .xlsx or .xlsm, write back without disturbing another byte."""

from xlcollab.disk import backup, output_path, refuse_unwritable
from xlcollab.files.book import FileBook
from xlcollab.files.fresh import write_new_workbook

__all__ = ["FileBook", "backup", "output_path", "refuse_unwritable", "write_new_workbook"]
