"""One reader per kind of thing that a full sync reads."""
