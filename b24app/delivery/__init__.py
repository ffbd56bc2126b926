"""News out: client apps, their endpoints, signed webhooks."""
