"""The whole service under one parent: database, broker, web, workers, practice providers."""
