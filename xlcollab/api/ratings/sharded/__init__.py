"""Fits in which no process holds all ratings, and models in shards."""
