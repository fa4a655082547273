"""What a file is, from its name, its folders and what lies beside it; nothing is looked up elsewhere."""
