"""What happens: use-cases over an explicit transaction, and the pure rules beneath them."""
