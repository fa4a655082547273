"""What the user set, and in whose name we talk to Trakt."""
