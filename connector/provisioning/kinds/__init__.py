"""How operations on each kind of entitlement are decided, done and seen."""
