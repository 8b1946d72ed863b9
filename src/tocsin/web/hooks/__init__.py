"""The forms in which other systems report, one file a system: what came is read into signals and nothing else."""

from __future__ import annotations
