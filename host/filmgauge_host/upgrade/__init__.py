"""A version of the firmware over the air: made, signed, published, followed to its end."""
