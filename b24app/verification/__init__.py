"""Who may act for a company: the checkbox, memberships, the card's tab."""
