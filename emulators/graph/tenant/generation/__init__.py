"""The parts of a generated tenant, one file each."""
