"""Puts this folder on the import path: host and system tests share the brokers."""
