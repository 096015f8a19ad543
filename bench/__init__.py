"""Measures the figures that docs/figures.md names: `make bench`."""
