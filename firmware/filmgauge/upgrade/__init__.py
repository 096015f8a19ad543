"""A version of the firmware that comes over the air: described by a signed manifest, fetched in
pieces, checked, and handed to the launcher."""
