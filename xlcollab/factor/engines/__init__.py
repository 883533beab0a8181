"""The ways to train: each engine runs one epoch after the other on its own state."""
