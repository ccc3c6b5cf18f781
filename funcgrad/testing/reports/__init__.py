"""The outcome of checks: verdicts, diagnoses, records."""
