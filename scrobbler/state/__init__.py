"""What must not be lost, in one file with one writer."""
