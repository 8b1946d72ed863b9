"""HTTP: the API that upstream systems post to, and the pages that people look at."""
