"""A directory name that no other test has used, in the current directory."""

import os


def unused_path():
    """Return a path at which nothing exists."""
    existing = os.listdir()
    number = 0
    while "scratch%d" % number in existing:
        number += 1
    os.mkdir("scratch%d" % number)
    return "scratch%d/here" % number


def unused_folder():
    """Return the path of an empty directory."""
    return unused_path().rsplit("/", 1)[0]


def write_file(path, data):
    """Write bytes to a file."""
    with open(path, "wb") as file:
        file.write(data)


def read_file(path):
    """Return the bytes of a file."""
    with open(path, "rb") as file:
        return file.read()
