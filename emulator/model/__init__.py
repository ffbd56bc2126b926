"""The world: portals and their auth server, people, apps, events, what goes wrong on purpose. No HTTP server here."""
