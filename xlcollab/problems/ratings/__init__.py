"""Finding ratings on a sheet."""
