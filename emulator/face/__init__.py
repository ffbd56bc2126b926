"""The HTTP face: auth server, pages for people, control door."""
