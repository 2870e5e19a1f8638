"""What `dev.py` runs: the demo, the local stack, generated documents. Not deployed."""
