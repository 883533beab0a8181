"""Without derivatives: enumeration of few whole numbers, and evolution of a population."""
