"""
A program that stands in for VASP: its files and its manners, energies from an analytic potential.

It lets the production path (atomate2, custodian, the parsers, the gate) run where there is no VASP: in tests, and to
rehearse a campaign. Its labels carry the engine ``vasp-stand-in`` and never meet real ones.
"""
