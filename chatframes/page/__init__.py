"""Show things in a notebook's cell: safe HTML, widgets and small charts."""
