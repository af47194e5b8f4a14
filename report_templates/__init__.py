"""Templates, styles and fonts of the reports."""
