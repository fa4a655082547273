"""A log of what players said, written down and played again."""
