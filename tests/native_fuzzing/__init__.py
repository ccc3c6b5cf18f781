"""Random well-typed programs, native against the interpreter, in processes that may die."""
