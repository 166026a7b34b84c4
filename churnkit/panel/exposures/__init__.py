"""What happened in each term, for effects."""
