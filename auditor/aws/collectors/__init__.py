"""One AWS resource a file: get (pages, dumb) and transform (pure)."""
