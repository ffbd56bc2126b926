"""Queries of published news, deliveries, endpoints and client apps."""
