"""The terms of a book: what follows what, what is one policy, what is one spell of cover."""
