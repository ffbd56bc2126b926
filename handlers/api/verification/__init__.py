"""Routes of memberships, and who the caller is."""
