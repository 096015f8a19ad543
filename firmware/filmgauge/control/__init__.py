"""What the node does about what the gauge says: charge, shed load, disconnect. No I/O."""
