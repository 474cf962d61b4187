"""The benchmarks behind `haetae bench`: the figures of the README come from here."""
