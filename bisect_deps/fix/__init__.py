"""The repair of a failing file: one loop that follows the failure as it changes, and its proofs.

Generators without I/O: they yield rounds of inquiries and are sent probes. Must not know who
builds, what a console is, or where files are.
"""
