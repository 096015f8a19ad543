"""What is done to the cells of each family: programmes of steps, in C of the profile's capacity.

A programme is a generator function of a course: it yields steps and may look at the course after
each of them.
"""
