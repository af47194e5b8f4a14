"""Loads and tries the document engines when imported: for a process from which those that write reports are forked."""

from __future__ import annotations

import gc
from contextlib import suppress

from auditor.renderers.pdf import rehearse

# Without Pango there is no PDF: whoever writes one will say so.
with suppress(OSError):
    rehearse()
    import openpyxl  # noqa: F401

# What is here stays; the forked processes share its pages as long as nobody touches them.
gc.collect()
gc.freeze()
