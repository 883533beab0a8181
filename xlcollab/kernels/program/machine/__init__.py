"""What runs a program: loops compiled once by numba, and their handles in Python."""
