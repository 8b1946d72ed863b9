"""Posts on X, Mastodon and Bluesky: each incident is a thread of its own."""
