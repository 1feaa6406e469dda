"""Benchmarks: each module named in `__main__` has `main(argv)` and prints a table."""
