"""The pure domain: resources, entitlements, grants. Graph JSON in, rows out; no I/O, imports nothing else of ours."""
