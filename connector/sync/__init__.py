"""Full sync: steps, checkpoints, publishing."""
