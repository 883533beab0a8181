"""What each command is asked, as typed records: their fields *are* the options of the shell.

To add an option:

1. Add a field to the command's request here (or to the settings it holds, such as `Settings`):
   `time_limit: Annotated[float | None, Option("Stop after so many seconds.", POSITIVE)] = None`.
2. That is all of the shell: flag, help, range, choice of words and JSON of errors follow from it.
   `also=("--tl",)` adds a shorter flag, `group=` its panel, `flags=` another spelling.
3. Use it: `request.time_limit`, or `request.settings.made().time_limit`. A misspelt name is a type
   error. Fields of `Settings` are rows of the sheet `control`, too, without more.
4. If only some methods take it, say so in `settings/methods.py`; others then refuse it by name.
5. `tests/settings/test_requests.py` walks all commands and all fields; add a test of what it does.
"""
