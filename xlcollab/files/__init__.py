"""Workbook files, lossless: read any .xlsx or .xlsm, write back without disturbing another byte."""

from xlcollab.disk import backup, output_path, refuse_unwritable
from xlcollab.files.book import COPY, WORKBOOKS, FileBook
from xlcollab.files.fresh import write_new_workbook
from xlcollab.files.reading.origin import is_result

__all__ = [
    "COPY",
    "WORKBOOKS",
    "FileBook",
    "backup",
    "is_result",
    "output_path",
    "refuse_unwritable",
    "write_new_workbook",
]
