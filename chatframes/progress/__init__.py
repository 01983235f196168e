"""Show the progress of a call: a bar in a terminal, a card in a notebook."""
