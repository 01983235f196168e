"""Telegram's transport, MTProto 2.0, as a server speaks it."""
