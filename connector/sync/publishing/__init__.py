"""From staged parts to a snapshot that is in force."""
