"""Rules of a check: its lines, shapes of answers, ways of portals."""
