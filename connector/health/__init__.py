"""Whether a deployment works: everything that it depends on is tried once, and what is amiss is told with what to do about it."""
