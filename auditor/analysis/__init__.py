"""Pure functions on frames: no AWS, no clock, no files."""
