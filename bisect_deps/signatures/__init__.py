"""Known log patterns, one file per tool or language layer, listed here."""
