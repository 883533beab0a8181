"""The global engine: a model's formulas as a program of SCIP, by pyscipopt.

S. Bolusani et al., "The SCIP Optimization Suite 9.0", 2024.
"""
