"""Change notifications asked for: subscriptions made, renewed, reauthorized, moved and removed."""
