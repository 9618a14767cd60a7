"""The schools that `homeroom seed` makes: a demonstration, a real catalogue, its students."""
