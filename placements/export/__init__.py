"""Export files in the settings."""
