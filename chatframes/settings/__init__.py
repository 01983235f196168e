"""Read, check and merge settings: the admin's config.json, the environment, and the user's image settings."""
