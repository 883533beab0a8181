"""Training where no process holds all ratings: each reads its share and owns some users."""
