"""The steps of a run, between the story in `session` and the driver in `probing`."""
