"""One file per journey: what happens from a hint to the settled, told result. Journeys never import each other."""
