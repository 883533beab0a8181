"""What latent factors in cells say about items."""
