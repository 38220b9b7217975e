"""Large-scale simulations with an empirical potential (EIP-GS): one file a scenario."""
