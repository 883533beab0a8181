"""Functions of plain numbers, and torch, which is loaded where tensors are used."""
