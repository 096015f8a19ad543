"""The virtual board: what a real interpreter, or the firmware in-process, finds around it."""
