"""What a command asks of the agent that runs."""
