"""The way of a scrobble from the outbox to Trakt."""
