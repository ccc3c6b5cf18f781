"""Functions of NumPy that call functions of the user: on rows, on elements, on parts."""
