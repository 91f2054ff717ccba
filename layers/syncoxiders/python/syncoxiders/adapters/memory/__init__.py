"""Ports in memory, with switches for what real ones do wrong."""
