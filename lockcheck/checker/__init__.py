"""Rules applied to facts. Knows no model file, no lock and no rule id; imports neither loading/ nor report/."""
