"""Webex: spaces, their messages, people and files, through the public REST API."""
