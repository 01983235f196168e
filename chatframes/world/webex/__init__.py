"""The sandbox's Webex."""
