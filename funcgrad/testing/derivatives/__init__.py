"""How the derivative of one function is compared with others."""
