"""What stands in for Microsoft's cloud on a laptop and in tests. The connector never imports it."""
