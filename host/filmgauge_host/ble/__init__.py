"""Nodes over Bluetooth: scanning, reading, configuring, and the bridge to MQTT."""
