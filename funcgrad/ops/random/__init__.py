"""Random bits, and samplers that are operators."""
