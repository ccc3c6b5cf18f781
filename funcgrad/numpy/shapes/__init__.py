"""New arrays, and arrays of other shapes."""
