"""Programs that use the product from outside: they import nothing of it."""
