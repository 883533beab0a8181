"""Lesson workbooks from anybody's ratings."""
