"""From torch's operations, seen one by one, to nodes of the core."""
