"""What is asked of the templates beyond that they compile: one policy a file."""
