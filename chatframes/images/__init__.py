"""Find out what bytes are, without decoding them, and let pictures show themselves."""

from .shown import ImageBytes as ImageBytes  # frames pickled before this was a folder name it here
