"""How bytes travel: one HTTP client, one gate per service, one downloader. Knows no service and no table."""
