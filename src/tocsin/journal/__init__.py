"""A worker process's own record of what is in flight, in a local file: read by whoever finds the process dead.

The database learns of an answer with the rest of its batch. Until then the journal has it, so that a killed process
leaves unknown only what was handed over and not yet answered. It is never needed: without it more is unknown.
"""
