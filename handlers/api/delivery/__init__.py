"""Routes of endpoints and their deliveries."""
