"""The sandbox's Reddit."""
