"""Triggers only: parse, call one service, answer."""
