"""The loop over epochs, its state and its results."""
