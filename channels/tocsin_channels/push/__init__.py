"""Web push: sealed messages to browsers that asked for them, by way of the push services that browsers chose."""
