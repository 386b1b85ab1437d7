"""One run: set up, driven, recorded, and reported; and what stands around it."""
