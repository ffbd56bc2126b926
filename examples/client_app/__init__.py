"""A small client app, a personal account on the web, built on nothing but the public client API and webhooks."""
