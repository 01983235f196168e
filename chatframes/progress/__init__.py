"""How a call's progress is shown: a bar in a terminal, a card in a notebook."""
