"""Change notifications: subscriptions, the handshake, and delivery that is retried, delayed, dropped or disturbed."""
