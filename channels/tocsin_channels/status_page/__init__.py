"""The status page: files that stay up when everything else is down."""
