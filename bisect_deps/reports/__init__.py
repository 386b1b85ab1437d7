"""Ways to show a verdict: terminal, JSON, HTML, Markdown."""
