"""The HTTP side: sign-in, OData, delta, $batch, throttling, admin."""
