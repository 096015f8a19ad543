"""Files of cyclers and potentiostats: what stands in them, whole cells in SI and ampere-hours.

Which column is what stands in a table for each format (`formats/*.toml`); a file that no table
fits is read with the columns that the user names. Positive current charges.
"""
