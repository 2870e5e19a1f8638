"""The command line, `python -m connector`."""
