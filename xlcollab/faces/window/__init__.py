"""A page in the browser that shows a run while it goes on, served to this machine alone."""
