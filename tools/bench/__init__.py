"""``python3 dev.py bench``: what a full sync costs, in time, memory and resource units, against the least it could cost."""
