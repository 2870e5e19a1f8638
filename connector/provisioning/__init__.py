"""Grants and revokes: asked for, guarded, done, verified, recorded. ``docs/architecture.md``, *Provisioning*, is the map."""
