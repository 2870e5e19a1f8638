"""Privileged Identity Management: schedule requests, which follow the emulator's clock, and the policies they obey."""
