"""Forward mode, linearization, transposition, vectorisation and staging over the jaxpr."""
