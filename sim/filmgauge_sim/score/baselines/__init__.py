"""Gauges as others make them, on the same readings: what ours has to be better than."""
