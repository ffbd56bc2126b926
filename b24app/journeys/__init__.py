"""One file per journey: read, decide, write the difference, settle. Journeys never call each other: a row does."""
