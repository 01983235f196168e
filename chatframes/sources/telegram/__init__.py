"""Telegram: chats and channels, over MTProto with the user's own account."""
