"""filmgauge: fuel gauge for all-solid-state thin-film lithium-sulfur cells."""

VERSION = "0.1.0"
