"""How people meet chatframes in a notebook: small widgets, imported when first shown."""
