"""The rules, one a file, found by folder and never registered."""
