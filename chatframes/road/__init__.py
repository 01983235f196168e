"""Run one call: read its sources, download their attachments, hand out the rows."""
