"""Audit EBS snapshots, AMIs, their sharing, their backups and their cost across an AWS organisation."""

__version__ = "0.1.0"
