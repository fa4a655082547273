"""What there is on this machine to begin with, and the files that a beginning writes."""
