"""Turn messages into a table: the schema, the frame, the file and the report."""
