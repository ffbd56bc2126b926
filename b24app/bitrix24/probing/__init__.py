"""Questions that only a check of the connection asks: how a portal answers, and what comes before anybody reads it."""
