"""From sorted events to feature columns: NumPy only, no SQL, no clock of its own."""
