"""Client apps in the settings."""
