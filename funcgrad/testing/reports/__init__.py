"""What checks say: verdicts, diagnoses, records."""
