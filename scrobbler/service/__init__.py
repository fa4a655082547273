"""At home on a machine: the agent as a service, and what the service's keeper is told."""
