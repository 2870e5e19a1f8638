"""The offline check of the Azure templates: `python3 dev.py infra`. A subset of what the Bicep compiler does, and policies of our own."""
