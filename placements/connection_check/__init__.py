"""The check of the connection in the settings."""
