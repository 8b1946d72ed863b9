"""The ways out: one folder a channel, one file a provider, and in `registry` the one list of all of them."""
