"""A sandbox: a made-up team whose chats real servers on this machine serve."""
