"""Providers to practise on, speaking the real protocols on loopback."""
