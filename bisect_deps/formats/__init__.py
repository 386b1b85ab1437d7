"""Input formats: each parses a file into a manifest that renders itself byte for byte."""
