"""The processes of a job that torchrun has started, and what they say to one another."""
