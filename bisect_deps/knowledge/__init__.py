"""Tables of what people know about projects and systems. They know nothing of the rest."""
