"""How much a viewer's line carries, and what of the program he gets of it. Pure."""
