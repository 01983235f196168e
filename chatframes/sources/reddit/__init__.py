"""Reddit: subreddits, searches and posts with their comments, through Reddit's API."""
