"""How the words of a formula are spelled: regular expressions shared by lexer and `relative`.

Both must agree to the letter on what an A1 reference is, or a cell's relative key would not stand
for its nodes. Grammar: ECMA-376 Part 1, 18.17.2; [MS-XLSX] 2.2.2.1. All are without groups.
"""

from __future__ import annotations

import re

COLUMN = (
    r"(?:[A-Wa-w][A-Za-z]{0,2}|[Xx](?:[A-Ea-e][A-Za-z]|[Ff][A-Da-d]|[A-Za-z])?|[YZyz][A-Za-z]?)"
)
"""A … XFD: what lies beyond, such as XFE1, is a name."""

ROW = r"(?:10(?:[0-3]\d{4}|4(?:[0-7]\d{3}|8(?:[0-4]\d\d|5(?:[0-6]\d|7[0-6]))))|[1-9]\d{0,5})"
"""1 … 1048576, without leading zeros."""

CELL = rf"\$?{COLUMN}\$?{ROW}"
COLUMNS = rf"\$?{COLUMN}:\$?{COLUMN}"
ROWS = rf"\$?{ROW}:\$?{ROW}"

NOT_INSIDE_WORD = r"(?<![\w.$\\?])"
END_OF_ADDRESS = r"(?![\w.(!?\\])"
"""Not within a longer name (A1.x), not a function (LOG10), not a sheet (Q1!A1)."""

TEXT = r'"[^"]*+(?:""[^"]*+)*+"'
QUOTED_SHEET = r"'[^']*+(?:''[^']*+)*+'"
BRACKETS = r"\[(?:[^\[\]']|'.|\[(?:[^\[\]']|'.)*+\])*+\]"
"""One pair with at most one level inside; an apostrophe escapes the character after it."""

WORD = r"(?:[^\W\d]|\\)[\w.?\\]*+"
BARE_SHEET = r"[^\W\d][\w.]*+"

SHEET_PREFIX = (
    rf"(?:{QUOTED_SHEET}"
    rf"|\[[^\[\]]++\](?:{BARE_SHEET}(?::{BARE_SHEET})?)?"
    rf"|(?!{CELL}:){BARE_SHEET}(?::{BARE_SHEET})?)!"
)
"""`'a b'!`, `[1]Sheet1!`, `Sheet1:Sheet3!`. Excel quotes a sheet called Q1, so in a bare
`Q1:Q3!A1` the Q1 is a cell."""

ERROR = (
    r"#(?:NULL!|DIV/0!|VALUE!|REF!|NAME\?|NUM!|N/A|GETTING_DATA|SPILL!|CALC!"
    r"|FIELD!|BLOCKED!|CONNECT!|UNKNOWN!|BUSY!|PYTHON!|EXTERNAL!|TIMEOUT!)"
)

FUTURE_PREFIX = re.compile(r"(?:_xlfn\.|_xlws\.|_xlpm\.|_xludf\.|_xll\.)+", re.IGNORECASE)
"""What files put before the names of newer functions and of LET's and LAMBDA's parameters."""
