"""Ratings that lie in several files, or that several processes read."""
