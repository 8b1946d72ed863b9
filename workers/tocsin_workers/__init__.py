"""Celery workers: tasks that take ids and make one call; how they run is in their settings."""
