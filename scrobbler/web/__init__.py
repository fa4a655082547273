"""HTTP: hooks in, pages out. Nothing here is imported unless a server is wanted."""
