"""Who may set what: the admin's config.json, the environment, and the user's choice of images."""
