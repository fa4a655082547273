"""From what a player says is on to the film or episode that Trakt knows, and what the user says of it."""
