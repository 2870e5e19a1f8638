"""Graph's collections, described as data: where their rows are, how they are filtered, and what they look like."""
