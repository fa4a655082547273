"""What one playback means to Trakt: pure functions over literal tables."""
