"""Functions in cells: arguments in, values or an error with its sentence out."""
