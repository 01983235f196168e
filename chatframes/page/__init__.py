"""How anything of ours is shown in a notebook's cell: HTML, widgets and small plots."""
