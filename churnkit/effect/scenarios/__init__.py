"""What if: levers, scenarios, and what they do to renewal and to lifetime value."""
