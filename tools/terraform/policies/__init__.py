"""What is asked of the configuration beyond that it is valid: that it keeps ``infra/contract.json``, one subject a file."""
