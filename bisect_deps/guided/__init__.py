"""Guided sessions: a person builds elsewhere and says how it went; the story chooses each build.

The same story as in `run`. Where a session stands is found by telling the story again with the
answers so far: undo drops the last answer, replay gives them again. Knows neither click nor the
terminal.
"""
