"""What picture bytes are, read from their headers; nothing is decoded."""
