"""Reading and knowing CRM cards: the first read, rescans and sweeps, requisites, what the portal leaves out."""
