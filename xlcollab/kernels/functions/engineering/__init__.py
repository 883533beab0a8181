"""Functions of the former Analysis ToolPak: bases, complex numbers, units, Bessel."""
