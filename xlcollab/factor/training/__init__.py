"""The loop over epochs, its state, its results and its processes."""
