"""The tensor language: nodes and views, passes over them, the adjoint, and the layout in memory."""
