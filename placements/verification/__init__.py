"""The tab in cards, and the switch of verification."""
