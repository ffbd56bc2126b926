"""What people see of reading cards, and the button that compares them."""
