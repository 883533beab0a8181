"""The core program: a sheet as plain float operations over one arena, with its adjoint.

`record` traces the tape's tensor operations at one point into a `graph`; what does not depend on
the variables has vanished by then, and so have texts, blanks, kinds, layouts and views. `adjoint`
derives the gradient as more nodes of the same graph, `schedule` fuses them, `encode` lays them out
as numbers for the loop in `machine`, which is compiled once and cached on disk.
"""
