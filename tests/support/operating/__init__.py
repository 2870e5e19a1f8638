"""Worlds in which operations are asked for and worked on, whatever happens meanwhile; and whether everything came out as it must."""
