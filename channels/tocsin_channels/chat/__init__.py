"""Chat: Slack by bot and by webhook, Teams by workflow, and the long tail by Apprise."""
