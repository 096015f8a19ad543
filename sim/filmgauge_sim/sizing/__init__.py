"""How large a node must be: years of many designs at once, with the cell equations of cell/."""
