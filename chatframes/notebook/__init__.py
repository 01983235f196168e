"""Widgets for notebooks: a panel that fetches, forms to log in, and ways to look at pictures."""
