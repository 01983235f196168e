"""The made-up team: its people, what they say, and their photographs."""
