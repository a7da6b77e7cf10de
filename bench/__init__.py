"""Benchmarks: each figure is taken beside a bare limit of this machine, and checked for truth."""
