"""The parts of a tenant's true access picture."""
