"""Programs cut at their kinks: between the cuts they may be straight lines."""
