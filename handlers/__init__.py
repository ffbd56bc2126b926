"""Machines call here. A door proves who calls, turns the body into our type, hands over, answers."""
