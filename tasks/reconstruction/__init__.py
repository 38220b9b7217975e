"""Periodic cells around environments (PCC)."""
