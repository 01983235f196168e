"""Fetch pages and files over HTTP: one client, one gate per service, one downloader.

Nothing here imports a service or the table.
"""
