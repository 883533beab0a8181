"""The core program: a sheet as plain float operations over one arena, with its adjoint.

`recording` traces the tape's tensor operations at one point into a graph of `core`; what does not
depend on the variables has vanished by then, and so have texts, blanks, kinds, layouts and views.
`core.adjoint` derives the gradient as more nodes of the same graph, `core.schedule` fuses them,
`core.encode` lays them out as numbers for the loops in `machine`, compiled once and cached on disk.
"""
