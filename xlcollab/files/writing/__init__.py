"""From changes to the bytes of a package."""
