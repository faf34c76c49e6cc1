"""Values and rules. Standard library only; imports nothing from the other rooms."""
