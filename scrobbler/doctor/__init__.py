"""Whether all is well, and what mends what is not: one module a topic, each check a function of a case."""
