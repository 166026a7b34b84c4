"""LEAK29: features that know the outcome, or only the day."""
