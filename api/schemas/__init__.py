"""What is said: one class validates, serialises and documents a representation."""
