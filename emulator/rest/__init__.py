"""REST methods by subject; every module here is read by `registry.load`."""
