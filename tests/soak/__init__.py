"""The soak: a deployment of real processes under people, faults and kills for half an hour; then everybody agrees.

`make soak`, or `python -m tests.soak --minutes 5 --seed 7`. Not part of `make test`.
"""
