"""Simulated fleets: requests that are known in full, and what a report must say about them.

Nothing here imports the report. ``invent`` makes the requests, ``lines`` writes them as servers
do, and ``tally`` counts them.
"""
