"""The virtual Bluetooth air: bumble devices on a shared link. Needs the extra `air`."""
