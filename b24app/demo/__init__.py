"""The demo: the whole product on loopback, with servers of its own and a story that needs no person."""
