"""What happens to an installation."""
