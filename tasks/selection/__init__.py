"""D-optimal selection of environments: descriptors, MaxVol, active set, gamma."""
