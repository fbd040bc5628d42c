"""The catalog: what is known of models, and how a user's ``models.yaml`` adds to it."""
