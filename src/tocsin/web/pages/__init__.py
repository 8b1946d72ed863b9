"""What people look at: the status page, the console and the practice outbox."""
