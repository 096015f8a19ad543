"""What a host runs on a board to look into it: sent over the serial port, not installed.

Each file prints lines that begin with @, JSON behind it. Nothing of it changes what the node
remembers, and a sensor that counts goes on counting.
"""
