"""An export: a folder of Parquet parts that grows, survives anything, and says what it holds."""
