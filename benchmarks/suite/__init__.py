"""A benchmark of Octet beside its peers; `run.py` beside this folder starts it."""
