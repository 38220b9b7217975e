"""Molecular dynamics with the new potential, gamma watched (OTF-AL)."""
