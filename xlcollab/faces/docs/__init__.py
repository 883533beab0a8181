"""The documentation: which pages there are, those made from the code, and the site for reading
offline. The hook in `.github/mkdocs_hooks.py` gives the same pages to MkDocs."""
