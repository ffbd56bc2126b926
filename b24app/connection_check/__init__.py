"""Whether a portal, the app and the way between them work: the check of the page and of the terminal."""
