"""What the bytes become: the schema, the frame, the file and the report."""
